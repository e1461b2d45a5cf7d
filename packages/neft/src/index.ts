export { type Device, defineDevice, deviceNamed, devices } from "@neft/crossbar";
export {
  type Dataset,
  decodeCifar10,
  decodeIdx,
  decodeNpz,
  gatherBatch,
  type InputOptions,
  type Layout,
  makeDataset,
  type Normalisation,
  split,
  take,
} from "@neft/data";
export type { EvaluationProgress, EvaluationResult, SigmaResult } from "@neft/evaluation";
export { type Build, build, type InitOptions, init, isRelaxedAvailable, memoryUse } from "@neft/kernels";
export { arrayNodes, GraphBuilder, lenet5, Model, resnet18, type SummaryRow, summary, vgg8 } from "@neft/model";
export { exportOnnx, exportOnnxFiles, externalFilesOf, importOnnx, OnnxError, type OnnxFiles } from "@neft/onnx";
export { noGrad, scope, Tensor, tensor } from "@neft/tensor";
export {
  type FinetuneProgress,
  type FinetuneResult,
  optimisers,
  type StrategySettings,
  schedules,
  strategies,
  type Workers,
} from "@neft/training";
export { evaluate } from "./evaluate.js";
export { finetune } from "./finetune.js";
export { run } from "./run.js";
export type { EvaluateOptions, FinetuneOptions } from "./settings.js";
export { normalisationOf } from "./shared-options.js";
export { createWorkers } from "./spawn.js";
