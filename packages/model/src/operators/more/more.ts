import { operatorSet } from "../operator-set.js";
import * as attention from "./attention.js";
import * as channels from "./channels.js";
import * as contraction from "./contraction.js";
import * as control from "./control.js";
import * as detection from "./detection.js";
import * as groupNorms from "./group-norms.js";
import * as integerProducts from "./integer-products.js";
import * as losses from "./losses.js";
import * as quantisation from "./quantisation.js";
import * as recurrent from "./recurrent.js";
import * as resizing from "./resizing.js";
import * as sampling from "./sampling.js";
import * as signals from "./signals.js";
import * as spatial from "./spatial.js";
import * as transposedConvolution from "./transposed-convolution.js";

/** All other operators, by name. A page loads them when a network needs one. */
export const moreOperators = operatorSet([
  ...[attention, channels, contraction, control, detection, groupNorms],
  ...[integerProducts, losses, quantisation, recurrent, resizing, sampling],
  ...[signals, spatial, transposedConvolution],
]);
