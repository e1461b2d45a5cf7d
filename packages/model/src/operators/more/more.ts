import { operatorSet } from "../operator-set.js";
import * as bitwise from "./bitwise.js";
import * as choosing from "./choosing.js";
import * as comparisons from "./comparisons.js";
import * as control from "./control.js";
import * as cumulative from "./cumulative.js";
import * as elements from "./elements.js";
import * as generating from "./generating.js";
import * as random from "./random.js";
import * as rearranging from "./rearranging.js";
import * as remainder from "./remainder.js";
import * as repeating from "./repeating.js";
import * as searching from "./searching.js";
import * as splitting from "./splitting.js";
import * as variadic from "./variadic.js";

/** All other operators, by name. A page loads them when a network needs one. */
export const moreOperators = operatorSet([
  ...[bitwise, choosing, comparisons, control, cumulative, elements, generating],
  ...[random, rearranging, remainder, repeating, searching, splitting, variadic],
]);
