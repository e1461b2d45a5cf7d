/** Entry point `neft/tensor`: tensors, batches and operations, for running models directly and for losses of your own strategies. */
export { gatherBatch, type InputOptions, type Normalisation } from "@neft/data";
export type { ArrayBackend, ArrayCall, BatchStatistics, Fused, RunOptions, RunResult, Step } from "@neft/model";
export {
  add,
  crossEntropy,
  type DType,
  exp,
  type Inputs,
  log,
  logSoftmax,
  matmul,
  mul,
  noGrad,
  type Operation,
  type ReduceAttributes,
  reduceMean,
  reduceSum,
  type Shape,
  type SoftmaxAttributes,
  scale,
  scope,
  softmax,
  square,
  sub,
  Tensor,
  type TensorData,
  type TensorSource,
  tensor,
  type Variation,
} from "@neft/tensor";
export { type Feedback, feedbackLoss } from "@neft/training";
export { run } from "./run.js";
export { normalisationOf } from "./shared-options.js";
