import * as ops from "@neft/tensor";
import { reduction } from "./reduction.js";

/** Mean. */
export const reduceMean = reduction({ name: "ReduceMean", run: ops.reduceMean, isHomogeneous: true, integers: null });
