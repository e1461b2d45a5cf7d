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
export type { LossWatch } from "./finetuning/divergence.js";
export {
  type FinetuneOptions,
  type FinetuneProgress,
  type FinetuneResult,
  finetune,
} from "./finetuning/finetune.js";
export type { Score } from "./finetuning/jobs.js";
export { type BestWeights, isRunState, type RunState, type Validation } from "./finetuning/run-state.js";
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
export {
  type ForwardBackends,
  type StrategyLoss,
  type StrategyLossOptions,
  strategyLoss,
} from "./finetuning/strategy-loss.js";
export { type FinetuningJob, type FinetuningResult, type FinetuningSetup, finetuningTask } from "./finetuning/task.js";
export { StepUpdate } from "./finetuning/update.js";
export { createHeads, type HeadPlan, type HeadSettings, planHeads, runHead } from "./heads.js";
export {
  defineModifier,
  type LossTerm,
  type ModifiedRun,
  type Modifier,
  type ModifierHooks,
  type TableModifier,
} from "./modifier.js";
export { lossTerms, type ModifierSettings, modifiers, startModifiers } from "./modifiers.js";
export {
  type Optimiser,
  type OptimiserRecord,
  type OptimiserSettings,
  type OptimiserState,
  optimiserNamed,
  optimisers,
} from "./optimisers.js";
export type { RunLength, TrainingPosition } from "./position.js";
export { type Schedule, type SchedulePosition, type ScheduleSettings, scheduleNamed, schedules } from "./schedules.js";
export { addStrategy, strategies, strategyNamed } from "./strategies.js";
export {
  type CleanOutput,
  type ConfiguredStrategy,
  defineStrategy,
  type ForwardRequest,
  type ForwardResult,
  type Passes,
  type Strategy,
  type StrategyRow,
  type StrategySettings,
  type StrategyStep,
  type StrategyTarget,
  strategySettings,
  type TrainedWeight,
} from "./strategy.js";
export { purposes } from "./streams.js";
export { chooseTaps, type Feature, layerFeatures, namedTaps } from "./taps.js";
