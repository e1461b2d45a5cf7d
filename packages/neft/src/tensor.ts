/** `neft/tensor`: tensors, for those who run models on batches of their own. */
export type { RunOptions, RunResult } from "@neft/model";
export { noGrad, scope, Tensor, tensor } from "@neft/tensor";
export { run } from "./run.js";
