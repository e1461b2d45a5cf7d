export { type Device, defineDevice, devices } from "@neft/crossbar";
export {
  type Dataset,
  decodeCifar10,
  decodeIdx,
  decodeNpz,
  type Layout,
  makeDataset,
  take,
} from "@neft/data";
export type { EvaluationProgress, EvaluationResult, Prediction, SigmaResult } from "@neft/evaluation";
export { type Build, type InitOptions, init, type MemoryUse } from "@neft/kernels";
export { GraphBuilder, lenet5, Model, resnet18, type SummaryRow, summary, vgg8 } from "@neft/model";
export { exportOnnx, exportOnnxFiles, externalFilesOf, importOnnx, OnnxError, type OnnxFiles } from "@neft/onnx";
export {
  type FinetuneProgress,
  type FinetuneResult,
  optimisers,
  schedules,
  strategies,
  type Workers,
} from "@neft/training";
export { type BackendInfo, backendInfo } from "./backend-info.js";
export { evaluate } from "./evaluate.js";
export { finetune } from "./finetune.js";
export { type PredictOptions, predict } from "./predict.js";
export type { EvaluateOptions, FinetuneOptions } from "./settings.js";
export { split } from "./split.js";
export { createWorkers } from "./workers.js";
