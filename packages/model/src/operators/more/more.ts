import { operatorSet } from "../operator-set.js";
import * as control from "./control.js";

/** All other operators, by name. A page loads them when a network needs one. */
export const moreOperators = operatorSet([control]);
