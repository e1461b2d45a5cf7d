export { type ChipChoice, type Feeds, rangesFor, withChips } from "./chip-reads.js";
export { type ChipSetup, chipTask } from "./chip-task.js";
export {
  type ChipJob,
  calibrationBatch,
  createEvaluationState,
  disposeEvaluationState,
  type EvaluationState,
  evaluateChips,
} from "./chips.js";
export {
  calibrationInputs,
  compareChips,
  createDeviationState,
  type DeviationJob,
  type DeviationParts,
  type DeviationState,
  type DeviationTally,
  disposeDeviationState,
} from "./deviation/chips.js";
export {
  type DeviationOptions,
  type DeviationResult,
  evaluateDeviation,
  type OutputDeviation,
  type SigmaDeviation,
} from "./deviation/evaluate.js";
export {
  type BoundInput,
  type BoundSamples,
  bindSamples,
  gatherInputs,
  type NetworkAndSamples,
  type SampledInput,
  type SampledInputs,
  snapshotInputs,
} from "./deviation/samples.js";
export type { Deviation, DeviationStatistics } from "./deviation/summary.js";
export { type ChipDeviation, type DeviationSums, deviationOf } from "./deviation/sums.js";
export { type DeviationSetup, deviationTask } from "./deviation/task.js";
export {
  type EvaluateOptions,
  type EvaluationResult,
  evaluate,
  type SigmaResult,
} from "./evaluate.js";
export {
  type DifferenceEstimate,
  type Interval,
  type Intervals,
  type MeanEstimate,
  meanEstimate,
  type PercentileEstimate,
  pairedDifference,
  percentileEstimate,
  type ShareEstimate,
  shareEstimate,
  shareReaching,
} from "./intervals.js";
export type { ConversionRate, LayerRead } from "./layer-reads.js";
export { type Looks, looksUpTo } from "./looks.js";
export type { AccuracyEstimate, BuiltInValues, Confidence, Yield } from "./metrics/built-in.js";
export type { ChipScores, ChipValues, CountedChips, Metric } from "./metrics/metric.js";
export { defaultMetrics, defineMetric, type MeasuredChips, type MetricRow, metrics } from "./metrics/metrics.js";
export { type BoundNetwork, bindNetwork, type NetworkAndData, withoutLabels } from "./network.js";
export { type PredictingChip, type Prediction, predict } from "./predict.js";
export type { EvaluationProgress } from "./progress.js";
export { type ChipRange, chipRanges } from "./ranges.js";
export {
  checkUncompared,
  chipCount,
  comparisonSettings,
  type EvaluationSettings,
  evaluationSettings,
  type GivenEvaluationSettings,
  metricsOf,
  outputSettings,
  seedSettings,
  standardDeviations,
} from "./settings.js";
export { modelFor, openModel, type SetupModel } from "./setup-model.js";
export {
  halfWidth,
  type Level,
  mean,
  percentInterval,
  percentile,
  type SampleStatistics,
  sampleStatistics,
  standardDeviation,
  studentFromNormal,
} from "./statistics.js";
export type { Stopping } from "./stopping.js";
export { chipPurposes } from "./streams.js";
export type { ChipSummary, MetricValues, ScaledSummary } from "./summarise.js";
export type { ChipTally, Counts } from "./tally.js";
export { fitTemperature, type LabelledScores, temperatureRange } from "./temperature.js";
export { runUnbroken } from "./unbroken.js";
export { readWeights, type Weights, weightsLike, writeWeights } from "./weights.js";
