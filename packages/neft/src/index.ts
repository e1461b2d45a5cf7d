export {
  type Device,
  defineDevice,
  devices,
  type ExactProgramming,
  type LevelProgramming,
  type Source,
} from "@neft/crossbar";
export {
  type ArrayChoice,
  type ArrayNames,
  type ArrayPair,
  type Dataset,
  type DatasetParts,
  decodeCifar10,
  decodeIdx,
  decodeInputs,
  decodeNpy,
  decodeNpz,
  type Layout,
  makeDataset,
  type Part,
  take,
} from "@neft/data";
export type {
  ChipSummary,
  Confidence,
  Deviation,
  DeviationResult,
  DeviationStatistics,
  EvaluationProgress,
  EvaluationResult,
  OutputDeviation,
  Prediction,
  SampleStatistics,
  SigmaDeviation,
  SigmaResult,
  Stopping,
} from "@neft/evaluation";
export { type Build, type InitOptions, init, type MemoryUse, type WasmModule, type WasmSource } from "@neft/kernels";
export {
  type AttributeValue,
  type BatchNormOptions,
  type BuilderOptions,
  type ConvolutionOptions,
  type DropoutOptions,
  GraphBuilder,
  type GraphNode,
  type HostArray,
  type HostData,
  type LayerOptions,
  type LeakyReluOptions,
  type LinearOptions,
  lenet5,
  Model,
  type ModelParts,
  type NetworkOptions,
  type OperatorSet,
  type PoolOptions,
  resnet18,
  type Subgraph,
  type SummaryRow,
  summary,
  type Value,
  type ValueInfo,
  vgg8,
} from "@neft/model";
export {
  exportOnnx,
  exportOnnxFiles,
  externalFilesOf,
  type ImportOptions,
  OnnxError,
  type OnnxFiles,
  type WeightRounding,
} from "@neft/onnx";
export {
  type BenchmarkProgress,
  type BenchmarkResult,
  drawBenchmark,
  type Estimates,
  type EvaluationRate,
  type LayerTimes,
  type PassTime,
  type TrainingRate,
} from "@neft/profile";
export type { DType } from "@neft/tensor";
export {
  type AreaReport,
  type CleanOutput,
  type ConfiguredStrategy,
  type EqualisedLayer,
  type EqualiseMethod,
  type EqualiseProgress,
  type EqualiseResult,
  type FinetuneProgress,
  type FinetuneResult,
  type ForwardRequest,
  type ForwardResult,
  type MeasuredDistance,
  type Optimiser,
  type OptimiserSettings,
  type OptimiserState,
  optimisers,
  type ResolvedEqualiseSettings,
  type ResolvedSettings,
  type Schedule,
  type SchedulePosition,
  type ScheduleSettings,
  type Score,
  type Strategy,
  type StrategyRow,
  type StrategySettings,
  type StrategyStep,
  type StrategyTarget,
  schedules,
  strategies,
  type TrainingPosition,
  type Validation,
  type WidenedLayer,
} from "@neft/training";
export { type BackendInfo, backendInfo } from "./backend-info.js";
export { benchmark } from "./benchmark.js";
export type { BenchmarkOptions } from "./benchmark-settings.js";
export { defineStrategy } from "./define-strategy.js";
export { equalise } from "./equalise.js";
export { type CleanOptions, evaluate, type LabelledOptions } from "./evaluate.js";
export { finetune } from "./finetune.js";
export { importOnnx } from "./import-onnx.js";
export { loadOperators } from "./load-operators.js";
export { type PredictOptions, predict } from "./predict.js";
export { sampleStatistics } from "./sample-statistics.js";
export type {
  DatasetInfo,
  NetworkInfo,
  NodeInfo,
  SessionDataset,
  SessionNetwork,
  SessionSamples,
} from "./session/handles.js";
export { createSession, type Session } from "./session/session.js";
export type {
  DatasetFiles,
  SendOptions,
  SessionEqualiseOptions,
  SessionEqualiseResult,
  SessionEvaluateOptions,
  SessionFinetuneOptions,
  SessionImportOptions,
  SessionOptions,
  SessionPredictOptions,
} from "./session/session-options.js";
export type { EqualiseOptions, EvaluateOptions, FinetuneOptions, Samples } from "./settings.js";
export { split } from "./split.js";
export { createWorkers, type Workers } from "./workers.js";
