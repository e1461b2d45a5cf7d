import { arithmetic } from "./arithmetic.js";
import { casting } from "./casting.js";
import { constants } from "./constants.js";
import { convolution } from "./convolution.js";
import { dropout } from "./dropout.js";
import { elementwise } from "./elementwise.js";
import { indexing } from "./indexing.js";
import { layout } from "./layout.js";
import { activations } from "./more/activations.js";
import { attention } from "./more/attention.js";
import { bitwise } from "./more/bitwise.js";
import { channels } from "./more/channels.js";
import { choosing } from "./more/choosing.js";
import { comparisons } from "./more/comparisons.js";
import { contraction } from "./more/contraction.js";
import { cumulative } from "./more/cumulative.js";
import { detection } from "./more/detection.js";
import { elements } from "./more/elements.js";
import { functions } from "./more/functions.js";
import { generating } from "./more/generating.js";
import { groupNorms } from "./more/group-norms.js";
import { integerProducts } from "./more/integer-products.js";
import { losses } from "./more/losses.js";
import { powers } from "./more/powers.js";
import { quantisation } from "./more/quantisation.js";
import { random } from "./more/random.js";
import { rearranging } from "./more/rearranging.js";
import { recurrent } from "./more/recurrent.js";
import { reducing } from "./more/reducing.js";
import { remainder } from "./more/remainder.js";
import { repeating } from "./more/repeating.js";
import { resizing } from "./more/resizing.js";
import { sampling } from "./more/sampling.js";
import { searching } from "./more/searching.js";
import { signals } from "./more/signals.js";
import { spatial } from "./more/spatial.js";
import { splitting } from "./more/splitting.js";
import { transposedConvolution } from "./more/transposed-convolution.js";
import { variadic } from "./more/variadic.js";
import { normalisation } from "./normalisation.js";
import { pooling } from "./pooling.js";
import { products } from "./products.js";
import { reductions } from "./reductions.js";
import type { Sample } from "./sample.js";
import { softmax } from "./softmax.js";

/** Samples for every operator, in every form that its rows read. */
export const samples: readonly Sample[] = [
  ...arithmetic,
  ...casting,
  ...constants,
  ...convolution,
  ...dropout,
  ...elementwise,
  ...indexing,
  ...layout,
  ...attention,
  ...channels,
  ...contraction,
  ...detection,
  ...groupNorms,
  ...integerProducts,
  ...losses,
  ...quantisation,
  ...recurrent,
  ...resizing,
  ...sampling,
  ...signals,
  ...spatial,
  ...transposedConvolution,
  ...activations,
  ...functions,
  ...powers,
  ...reducing,
  ...normalisation,
  ...pooling,
  ...products,
  ...reductions,
  ...softmax,
  ...bitwise,
  ...choosing,
  ...comparisons,
  ...cumulative,
  ...elements,
  ...generating,
  ...random,
  ...rearranging,
  ...remainder,
  ...repeating,
  ...searching,
  ...splitting,
  ...variadic,
];
