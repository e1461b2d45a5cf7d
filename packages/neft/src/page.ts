/**
 * Entry point of `neft/browser` and `neft/inline`: sessions, and what a page makes for them. All else runs in the engine, so that these
 * files stay small.
 */
export { type Device, defineDevice, devices } from "@neft/crossbar";
export { type Dataset, type Layout, makeDataset, take } from "@neft/data";
export type {
  Deviation,
  DeviationResult,
  EvaluationProgress,
  EvaluationResult,
  Prediction,
  SigmaDeviation,
  SigmaResult,
} from "@neft/evaluation";
export type { Build, WasmModule, WasmSource } from "@neft/kernels";
export type { SummaryRow } from "@neft/model";
export { OnnxError, type OnnxFiles, type WeightRounding } from "@neft/onnx";
export type { EqualiseProgress, EqualiseResult, FinetuneProgress, FinetuneResult } from "@neft/training";
export type { BackendInfo } from "./backend-info.js";
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
