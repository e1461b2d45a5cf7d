import * as arithmetic from "./arithmetic.js";
import * as casting from "./casting.js";
import * as constants from "./constants.js";
import * as convolution from "./convolution.js";
import * as dropout from "./dropout.js";
import * as elementwise from "./elementwise.js";
import * as indexing from "./indexing.js";
import * as layout from "./layout.js";
import * as normalisation from "./normalisation.js";
import { operatorSet } from "./operator-set.js";
import * as pooling from "./pooling.js";
import * as products from "./products.js";
import * as reductions from "./reductions.js";
import * as softmax from "./softmax.js";

/** The operators that every build has, by name: those of convolutional networks. */
export const coreOperators = operatorSet([
  ...[arithmetic, casting, constants, convolution, dropout, elementwise, indexing, layout],
  ...[normalisation, pooling, products, reductions, softmax],
]);
