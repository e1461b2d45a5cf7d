/** Entry point `neft/tensor`: tensors, batches and operations, for running models directly and for losses of your own strategies. */
export { gatherBatch, type InputOptions, type Normalisation } from "@neft/data";
export type {
  ArrayBackend,
  ArrayProduct,
  ArrayWeight,
  BatchStatistics,
  Epilogue,
  Fused,
  LinearMap,
  LinearMapKind,
  MapCall,
  Observe,
  Reads,
  RunOptions,
  RunResult,
  Step,
  WeightView,
  WordLines,
} from "@neft/model";
export {
  type DType,
  noGrad,
  type ReduceAttributes,
  type Shape,
  type Sigma,
  type SoftmaxAttributes,
  scope,
  Tensor,
  type TensorData,
  type TensorSource,
  tensor,
  type Variation,
} from "@neft/tensor";
export type { Feedback } from "@neft/training";
export {
  add,
  computeProduct,
  crossEntropy,
  exp,
  feedbackLoss,
  log,
  logSoftmax,
  matmul,
  mul,
  normals,
  reduceMean,
  reduceSum,
  scale,
  softmax,
  square,
  sub,
  uniforms,
} from "./operations.js";
export { run } from "./run.js";
export { normalisationOf } from "./shared-options.js";
