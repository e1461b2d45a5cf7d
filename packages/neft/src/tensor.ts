/** Entry point `neft/tensor`: tensors and batches, for running models directly. */
export { gatherBatch, type InputOptions, type Normalisation } from "@neft/data";
export type { RunOptions, RunResult } from "@neft/model";
export { noGrad, scope, Tensor, tensor } from "@neft/tensor";
export { run } from "./run.js";
export { normalisationOf } from "./shared-options.js";
