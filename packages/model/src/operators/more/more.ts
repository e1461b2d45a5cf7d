import { operatorSet } from "../operator-set.js";
import * as activations from "./activations.js";
import * as attention from "./attention.js";
import * as bitwise from "./bitwise.js";
import * as channels from "./channels.js";
import * as choosing from "./choosing.js";
import * as comparisons from "./comparisons.js";
import * as contraction from "./contraction.js";
import * as control from "./control.js";
import * as cumulative from "./cumulative.js";
import * as detection from "./detection.js";
import * as elements from "./elements.js";
import * as functions from "./functions.js";
import * as generating from "./generating.js";
import * as groupNorms from "./group-norms.js";
import * as integerProducts from "./integer-products.js";
import * as losses from "./losses.js";
import * as powers from "./powers.js";
import * as quantisation from "./quantisation.js";
import * as random from "./random.js";
import * as rearranging from "./rearranging.js";
import * as recurrent from "./recurrent.js";
import * as reducing from "./reducing.js";
import * as remainder from "./remainder.js";
import * as repeating from "./repeating.js";
import * as resizing from "./resizing.js";
import * as sampling from "./sampling.js";
import * as searching from "./searching.js";
import * as signals from "./signals.js";
import * as spatial from "./spatial.js";
import * as splitting from "./splitting.js";
import * as transposedConvolution from "./transposed-convolution.js";
import * as variadic from "./variadic.js";

/** All other operators, by name. A page loads them when a network needs one. */
export const moreOperators = operatorSet([
  ...[activations, attention, bitwise, channels, choosing, comparisons, contraction],
  ...[control, cumulative, detection, elements, functions, generating, groupNorms],
  ...[integerProducts, losses, powers, quantisation, random, rearranging, recurrent],
  ...[reducing, remainder, repeating, resizing, sampling, searching, signals],
  ...[spatial, splitting, transposedConvolution, variadic],
]);
