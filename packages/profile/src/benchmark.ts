import { chipOf } from "@neft/crossbar";
import { type BoundNetwork, bindNetwork } from "@neft/evaluation";
import { type Build, build } from "@neft/kernels";
import { holdModel, type Model, trainableParameters } from "@neft/model";
import { OptionError, resolve } from "@neft/options";
import { sizeOf } from "@neft/tensor";
import { checkFullBatch } from "@neft/training";
import type { Workers } from "@neft/work";
import { type Clock, systemClock } from "./clock.js";
import { type Estimates, estimate, splitOf } from "./estimates.js";
import { type LayerTimes, measureLayers } from "./layers.js";
import {
  type EvaluationRate,
  measureEvaluation,
  measureProgramming,
  measureTraining,
  type RateOptions,
  type TrainingRate,
  withPeak,
} from "./rates.js";
import { measureRoofline } from "./roofline.js";
import { makeSamples, type Samples, sampleShapeOf } from "./samples.js";
import { type BenchmarkSettings, benchmarkSettings, type ResolvedBenchmark } from "./settings.js";

/** Progress of a benchmark. */
export interface BenchmarkProgress {
  /** The measurement that begins. */
  readonly measuring: string;
  /** Measurements done, and their total number. */
  readonly done: number;
  readonly total: number;
}

/** Threads to measure with. */
export interface ThreadSource {
  readonly size: number;
  /** Calls `use` with a pool of this size. */
  use<T>(use: (workers: Workers) => Promise<T>): Promise<T>;
}

export interface BenchmarkOptions extends BenchmarkSettings {
  readonly model: Model;
  /** Threads to measure evaluation and training with, besides the calling thread, smallest first; a size of 1 is skipped. Default: none. */
  readonly threads?: readonly ThreadSource[] | undefined;
  readonly onProgress?: ((progress: BenchmarkProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Default: the environment's clock. */
  readonly now?: Clock | undefined;
}

/** Figures of a network on this machine. */
export interface BenchmarkResult {
  /** The build that ran; the other one runs in another process. */
  readonly build: Build;
  /** GFLOP/s of multiply-adds in registers on one thread, in this build. */
  readonly roofline: number;
  /** Samples of the layers' passes. */
  readonly batch: number;
  /** The steps of a training pass in running order; of a forward pass if the network can't be trained. */
  readonly layers: readonly LayerTimes[];
  /** Milliseconds to draw a chip's weights on one thread. */
  readonly programming: number;
  readonly evaluation: readonly EvaluationRate[];
  readonly training: readonly TrainingRate[];
  /** Peaks of the calling thread's tensors, in bytes: of the evaluation, and of the training by strategy. */
  readonly memory: { readonly evaluation: number; readonly training: Readonly<Record<string, number>> };
  readonly estimates: Estimates;
  /** Reasons for missing figures, one sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Measures how long a network's layers, evaluations and trainings take on this machine, and predicts a study.
 *
 * It makes its own samples and doesn't change the model. It runs in pieces: the longest are a training step and a job of four chips. It
 * resets the peak of `memoryUse`.
 *
 * @throws {OptionError} for settings out of range, or sizes of the model's input that are missing.
 * @throws {RangeError} for a network that evaluation refuses.
 * @throws the signal's reason if it aborts.
 */
export async function benchmark(options: BenchmarkOptions): Promise<BenchmarkResult> {
  const { model, signal, now = systemClock, onProgress } = options;
  // The calling thread is one thread already.
  const threads = (options.threads ?? []).filter(({ size }) => size > 1);
  const settings = resolve(benchmarkSettings, options);
  checkDifferent(settings.strategies);
  for (const sigma of settings.sigma) chipOf(settings, sigma);
  signal?.throwIfAborted();
  const hold = holdModel(model, "read", "benchmark");
  try {
    return await withNetwork(model, settings, async (network, samplesOf) => {
      const begin = countingProgress(onProgress, 3 + (1 + threads.length) * (1 + settings.strategies.length));
      const run = { model, settings, now, signal };
      const warnings: string[] = [];
      const batch = network.fixed?.batch ?? settings.batch;
      const reason = whyUntrained(network);
      if (reason === undefined) checkFullBatch(settings.batch, splitOf(settings.trainingSamples).training);
      else warnings.push(`training isn't measured: ${reason}`);

      begin("roofline");
      const roofline = await measureRoofline(build(), now, signal);
      begin("layers");
      const layers = await measureLayers({
        ...run,
        network,
        samples: samplesOf(batch),
        batch,
        canTrain: reason === undefined,
        roofline,
      });
      begin("programming of chips");
      const programming = await measureProgramming(network, run);

      const samples = samplesOf(evaluatedSamples(network, settings, layers, batch));
      const trainingSamples = samplesOf(batch + 1);
      const evaluation: EvaluationRate[] = [];
      const training: TrainingRate[] = [];
      const memory = { evaluation: 0, training: {} as Record<string, number> };
      const measure = async (workers: Workers | undefined): Promise<void> => {
        const size = workers?.size ?? 1;
        const on = `${size} ${size === 1 ? "thread" : "threads"}`;
        begin(`evaluation on ${on}`);
        const { result, peak } = await withPeak(() => measureEvaluation({ ...run, samples, workers }));
        evaluation.push(result);
        if (!workers) memory.evaluation = peak;
        for (const strategy of reason === undefined ? settings.strategies : []) {
          begin(`${strategy} on ${on}`);
          const parts: RateOptions = { ...run, samples: trainingSamples, workers };
          const { result, peak } = await withPeak(() => measureTraining(parts, strategy));
          if (typeof result === "string") {
            if (!warnings.includes(result)) warnings.push(result);
            continue;
          }
          training.push(result);
          if (!workers) memory.training[strategy] = peak;
        }
      };
      await measure(undefined);
      for (const source of threads) await source.use(measure);
      const rates = { programming, evaluation, training };
      const estimates = estimate(settings, rates);
      return { build: build(), roofline, batch, layers, ...rates, memory, estimates, warnings };
    });
  } finally {
    hold.release();
  }
}

/** @throws {OptionError} for a strategy that is given twice. */
function checkDifferent(ids: readonly string[]): void {
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice === undefined) return;
  throw new OptionError({ option: "strategies", expected: "different strategies", got: `${twice} twice` });
}

/** Binds the model to samples of the right shape, and calls `use` with a maker of such samples. */
async function withNetwork<T>(
  model: Model,
  settings: ResolvedBenchmark,
  use: (network: BoundNetwork, samplesOf: (count: number) => Samples) => Promise<T>,
): Promise<T> {
  const shape = sampleShapeOf(model, settings.shape);
  const { output, seed } = settings;
  const make = (count: number, classes: number): Samples => makeSamples(model, shape, { count, classes, seed });
  const network = bindNetwork({ model, output, ...make(1, 1) });
  try {
    return await use(network, (count) => make(count, network.classes));
  } finally {
    network.dispose();
  }
}

/** Reports each measurement as it begins. */
function countingProgress(onProgress: BenchmarkOptions["onProgress"], total: number): (measuring: string) => void {
  let done = 0;
  return (measuring) => onProgress?.({ measuring, done: done++, total });
}

/** Why a network can't be finetuned; undefined if it can. */
function whyUntrained({ model, fixed, warnings }: BoundNetwork): string | undefined {
  if (fixed) return `the network's batch is fixed at ${fixed.batch} (${fixed.reason})`;
  if (trainableParameters(model).length === 0) return "the network has no parameters";
  return warnings[0];
}

/** Fewest samples of a measured chip. */
const leastSamples = 64;

/** A batch of evaluation: more samples are a multiple of it. */
const evaluationBatch = 200;

/** Most bytes of a measurement's samples. */
const mostBytes = 2 ** 26;

/** Number of samples with which a chip takes about an eighth of the time for a measurement; at most those of the study. */
function evaluatedSamples(
  network: BoundNetwork,
  { samples, seconds }: ResolvedBenchmark,
  layers: readonly LayerTimes[],
  batch: number,
): number {
  const perSample = layers.reduce((sum, { forward }) => sum + forward.ms, 0) / batch;
  const bytes = sizeOf(network.model.inputs[0]!.shape.slice(1) as number[]);
  const most = Math.min((1000 * seconds) / 8 / perSample, mostBytes / bytes);
  const unit = most >= evaluationBatch ? evaluationBatch : 1;
  return Math.min(samples, Math.max(leastSamples, Math.floor(most / unit) * unit));
}
