export { type DistillationSettings, distillationLoss } from "./distillation-loss.js";
export type {
  EqualisedLayer,
  EqualiseOptions,
  EqualiseProgress,
  EqualiseResult,
} from "./equalise/equalise.js";
export type { EqualiseMethod, MeasuredDistance } from "./equalise/search.js";
export { type EqualiseSettings, equaliseSettings, type ResolvedEqualiseSettings } from "./equalise/settings.js";
export type { AreaReport, WidenedLayer } from "./equalise/use-area.js";
export { equalise } from "./equalise.js";
export { type Feedback, feedbackLoss, temper } from "./feedback-loss.js";
export {
  type FinetuneOptions,
  type FinetuneProgress,
  type FinetuneResult,
  finetune,
  type TrainingPosition,
  type Validation,
} from "./finetuning/finetune.js";
export type { Score } from "./finetuning/jobs.js";
export {
  checkFullBatch,
  type FinetuneSettings,
  finetuneSettings,
  type ResolvedSettings,
  resolveSettings,
  withTrainedChip,
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
export { type ForwardBackends, type StrategyLossOptions, strategyLoss } from "./finetuning/strategy-loss.js";
export { StepUpdate } from "./finetuning/update.js";
export { createHeads, type HeadPlan, type HeadSettings, planHeads, runHead } from "./heads.js";
export { activeModifiers, type Modifier, type ModifierSettings, modifiers } from "./modifiers.js";
export {
  type Optimiser,
  type OptimiserSettings,
  type OptimiserState,
  optimiserNamed,
  optimisers,
} from "./optimisers.js";
export { type Schedule, type SchedulePosition, type ScheduleSettings, scheduleNamed, schedules } from "./schedules.js";
export { addStrategy, strategies, strategyNamed } from "./strategies.js";
export {
  type CleanOutput,
  type ConfiguredStrategy,
  defineStrategy,
  type ForwardRequest,
  type ForwardResult,
  type Strategy,
  type StrategyRow,
  type StrategySettings,
  type StrategyStep,
  type StrategyTarget,
} from "./strategy.js";
export { purposes } from "./streams.js";
export { chooseTaps, type Feature, layerFeatures, namedTaps } from "./taps.js";
export { createTrainingWorker, type TrainingSetup, type TrainingWorker, type Workers } from "./worker.js";
