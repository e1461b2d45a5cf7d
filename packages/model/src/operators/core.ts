import * as arithmetic from "./arithmetic.js";
import * as casting from "./casting.js";
import * as constants from "./constants.js";
import * as convolution from "./convolution.js";
import * as dropout from "./dropout.js";
import * as elementwise from "./elementwise.js";
import * as indexing from "./indexing.js";
import * as layout from "./layout.js";
import * as normalisation from "./normalisation.js";
import type { Operator } from "./operator.js";
import * as pooling from "./pooling.js";
import * as products from "./products.js";
import * as reductions from "./reductions.js";
import * as softmax from "./softmax.js";

/** Files of rows. Each exports rows alone. */
const groups: readonly Readonly<Record<string, Operator>>[] = [
  arithmetic,
  casting,
  constants,
  convolution,
  dropout,
  elementwise,
  indexing,
  layout,
  normalisation,
  pooling,
  products,
  reductions,
  softmax,
];

/** The operators that every build has, by name. */
export const coreOperators: ReadonlyMap<string, Operator> = new Map(
  groups
    .flatMap((group) => Object.values(group))
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((row) => [row.name, row]),
);
