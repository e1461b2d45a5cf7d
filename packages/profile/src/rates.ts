import { chipOf, programAll } from "@neft/crossbar";
import { type BoundNetwork, evaluate } from "@neft/evaluation";
import { memoryUse, resetPeak } from "@neft/kernels";
import { type Model, modelFromRecord, modelToRecord } from "@neft/model";
import { finetune } from "@neft/training";
import { nextTurn, type Workers } from "@neft/work";
import { fastestHalf } from "./averages.js";
import type { Clock } from "./clock.js";
import type { Samples } from "./samples.js";
import type { ResolvedBenchmark } from "./settings.js";

/** Speed of a Monte Carlo evaluation. */
export interface EvaluationRate {
  readonly threads: number;
  /** Samples that each chip read. */
  readonly samples: number;
  readonly chipsPerSecond: number;
}

/** Speed of finetuning. */
export interface TrainingRate {
  readonly strategy: string;
  /** Number of threads, and of shards of a batch. */
  readonly threads: number;
  readonly stepsPerSecond: number;
}

/** Model, samples and clock of a measurement. */
export interface RateOptions {
  readonly model: Model;
  readonly samples: Samples;
  readonly settings: ResolvedBenchmark;
  /** Threads that run the jobs. Default: the calling thread. */
  readonly workers?: Workers | undefined;
  readonly now: Clock;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds that it takes to draw all weights of a chip on one thread. */
export async function measureProgramming(
  { model }: BoundNetwork,
  { settings, now, signal }: Pick<RateOptions, "settings" | "now" | "signal">,
): Promise<number> {
  // Without one draw for the chip, there is nothing to program.
  if (settings.perSample) return 0;
  const times: number[] = [];
  const begin = now();
  const spec = chipOf(settings, Math.max(...settings.sigma));
  for (let index = 0; index < 3 || now() - begin < 250 * settings.seconds; index++) {
    await nextTurn();
    signal?.throwIfAborted();
    const start = now();
    programAll(model, spec, { seed: settings.seed, purpose: "benchmark.chips", index }).dispose();
    times.push(now() - start);
  }
  return fastestHalf(times);
}

/** A job has up to four chips; multiples keep all threads busy to the end. */
const chipsPerJob = 4;

/** Most chips of a measurement: many cores finish tiny networks quickly. */
const mostChips = 4000;

/** Measures a Monte Carlo evaluation, from the call to the result. The digital network counts as a chip. */
export async function measureEvaluation(options: RateOptions): Promise<EvaluationRate> {
  const { model, samples, settings, workers, now, signal } = options;
  const threads = workers?.size ?? 1;
  const sigma = Math.max(...settings.sigma);
  const timeOf = async (chips: number): Promise<number> => {
    const start = now();
    await evaluate({ ...settings, ...samples, model, workers, signal, precision: undefined, sigma, chips: chips - 1 });
    return now() - start;
  };
  const least = chipsPerJob * threads;
  const first = await timeOf(least);
  const rateOf = (chips: number, ms: number): EvaluationRate => ({
    threads,
    samples: samples.data.count,
    chipsPerSecond: (1000 * chips) / ms,
  });
  // A slow network's first chips tell its speed; the others' include the workers' start and compilation.
  if (first > 3000 * settings.seconds) return rateOf(least, first);
  const wanted = Math.round((1000 * settings.seconds) / (first / least) / least) * least;
  const chips = Math.min(mostChips - (mostChips % least), Math.max(least, wanted));
  return rateOf(chips, await timeOf(chips));
}

/** Learning rate of the measured steps: weights and losses stay nearly the same. */
const learningRate = 1e-9;

/** Epochs and steps between validations that a measurement never reaches. */
const [never, neverSteps] = [100_000, 1_000_000_000];

/**
 * Measures training steps on a copy of the model; the batch has a shard for each thread.
 *
 * @returns the rate, or a sentence that says why there is none.
 */
export async function measureTraining(options: RateOptions, strategy: string): Promise<TrainingRate | string> {
  const { model, samples, settings, workers, now, signal } = options;
  const threads = Math.min(workers?.size ?? 1, settings.batch);
  const copy = modelFromRecord(modelToRecord(model));
  const enough = new AbortController();
  const times: number[] = [];
  const steps = { warmUp: 0 };
  try {
    const { ended } = await finetune({
      ...settings,
      ...samples,
      model: copy,
      strategy,
      sigma: Math.max(...settings.sigma),
      epochs: never,
      learningRate,
      shards: threads,
      validation: { images: 1, chips: 1, every: neverSteps },
      workers,
      signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
      onProgress: () => {
        times.push(now());
        const elapsed = times.at(-1)! - times[0]!;
        // A third of the time is warm-up, but no step of a slow network.
        if (elapsed <= 500 * settings.seconds) steps.warmUp = times.length - 1;
        if (times.length > 1 && elapsed >= 1500 * settings.seconds) enough.abort();
      },
    });
    signal?.throwIfAborted();
    if (ended.reason === "diverged") return `${strategy}: ${ended.message}`;
    const count = times.length - 1 - steps.warmUp;
    return { strategy, threads, stepsPerSecond: (1000 * count) / (times.at(-1)! - times[steps.warmUp]!) };
  } finally {
    copy.dispose();
  }
}

/** Runs `measure` and returns its result and the peak of this thread's tensors meanwhile, in bytes. Resets the peak of `memoryUse`. */
export async function withPeak<T>(measure: () => Promise<T>): Promise<{ readonly result: T; readonly peak: number }> {
  resetPeak();
  const result = await measure();
  return { result, peak: memoryUse().peak };
}
