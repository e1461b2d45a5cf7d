export {
  type BenchmarkOptions,
  type BenchmarkProgress,
  type BenchmarkResult,
  benchmark,
  type ThreadSource,
} from "./benchmark.js";
export type { Clock } from "./clock.js";
export { type Estimates, estimate, type Rates } from "./estimates.js";
export type { LayerTimes, PassTime } from "./layers.js";
export { drawBenchmark } from "./picture.js";
export type { EvaluationRate, TrainingRate } from "./rates.js";
export { sampleShapeOf } from "./samples.js";
export { type BenchmarkSettings, benchmarkSettings, type ResolvedBenchmark } from "./settings.js";
export { element, text as textElement } from "./svg.js";
