export { readWeights, type Weights, writeWeights } from "./checkpoint.js";
export {
  type ChipJob,
  type ChipSettings,
  createEvaluationState,
  disposeEvaluationState,
  type EvaluationState,
  evaluateChips,
} from "./evaluation/chips.js";
export {
  type EvaluateOptions,
  type EvaluationProgress,
  type EvaluationResult,
  type EvaluationSettings,
  evaluate,
  type SigmaResult,
} from "./evaluation/evaluate.js";
export { type ChipRange, chipRanges } from "./evaluation/ranges.js";
export type { ChipSummary, Confidence } from "./evaluation/summarise.js";
export type { ChipTally } from "./evaluation/tally.js";
export { type Feedback, feedbackLoss, temper } from "./feedbackLoss.js";
export {
  type FinetuneOptions,
  type FinetuneProgress,
  type FinetuneResult,
  finetune,
  type TrainingPosition,
  type Validation,
} from "./finetuning/finetune.js";
export {
  type FinetuneSettings,
  type ResolvedSettings,
  resolveSettings,
  type ValidationSettings,
} from "./finetuning/settings.js";
export {
  createTrainingState,
  disposeTrainingState,
  type ShardJob,
  type ShardResult,
  type StepSettings,
  shardGradients,
  type TrainingState,
} from "./finetuning/shards.js";
export { type ForwardBackends, type StrategyLossOptions, strategyLoss } from "./finetuning/strategyLoss.js";
export { StepUpdate } from "./finetuning/update.js";
export { createHeads, type HeadPlan, type HeadSettings, planHeads, runHead } from "./heads.js";
export type { Workers } from "./lanes.js";
export { limits } from "./limits.js";
export { type Looks, looksUpTo } from "./looks.js";
export { activeModifiers, type Modifier, type ModifierSettings, modifiers } from "./modifiers.js";
export {
  type Optimiser,
  type OptimiserSettings,
  type OptimiserState,
  optimiserNamed,
  optimisers,
} from "./optimisers.js";
export { type Schedule, type SchedulePosition, type ScheduleSettings, scheduleNamed, schedules } from "./schedules.js";
export {
  halfWidth,
  mean,
  percentInterval,
  percentile,
  type SampleStatistics,
  sampleStatistics,
  standardDeviation,
  studentFromNormal,
} from "./statistics.js";
export { strategies, strategyNamed } from "./strategies.js";
export {
  type ConfiguredStrategy,
  defineStrategy,
  type ForwardRequest,
  type Strategy,
  type StrategyRow,
  type StrategySettings,
  type StrategyStep,
} from "./strategy.js";
export { purposes } from "./streams.js";
export { chooseTaps, type Feature, layerFeatures, namedTaps } from "./taps.js";
export { createTrainingWorker, type EvaluationSetup, type TrainingSetup, type TrainingWorker } from "./worker.js";
