/** `neft/tensor`: tensors and batches of samples, for those who run models themselves. */
export { gatherBatch, type InputOptions, type Normalisation } from "@neft/data";
export type { RunOptions, RunResult } from "@neft/model";
export { noGrad, scope, Tensor, tensor } from "@neft/tensor";
export { run } from "./run.js";
export { normalisationOf } from "./shared-options.js";
