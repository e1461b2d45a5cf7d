import { type Calibration, chipOf, type Ranges } from "@neft/crossbar";
import { type Dataset, snapshot } from "@neft/data";
import {
  type BoundInput,
  type ChipJob,
  type ChipTally,
  calibrationBatch,
  calibrationInputs,
  chipRanges,
  type DeviationJob,
  type DeviationTally,
  deviationOf,
  type Feeds,
  mean,
  modelFor,
  rangesFor,
  readWeights,
  runUnbroken,
  snapshotInputs,
  type Weights,
  weightsLike,
} from "@neft/evaluation";
import type { Model } from "@neft/model";
import type { Executor, JobRunner } from "@neft/work";
import { purposes } from "../streams.js";
import type { ResolvedSettings } from "./settings.js";
import {
  calibrationOf,
  createTrainingState,
  disposeTrainingState,
  type ShardAnswer,
  type ShardJob,
  type ShardResult,
  type StepSettings,
  type TrainingState,
} from "./shards.js";
import { allocateSharedBuffers, type SharedBuffers } from "./shared-buffers.js";
import { type Comparison, type FinetuningSetup, runnerOf } from "./task.js";

/** Model and data of a run, and what does its jobs. */
export interface RunParts {
  readonly model: Model;
  readonly training: Dataset;
  readonly validation: Dataset;
  /** Validation in a run towards the clean network, in place of `validation`. */
  readonly comparison?: Comparison | undefined;
  readonly executor: Executor;
}

/** Job runners of a run, and its training state. */
export interface RunJobs {
  readonly state: TrainingState;
  readonly gradients: JobRunner<ShardJob, ShardResult>;
  readonly chips: JobRunner<ChipJob, ChipTally>;
  readonly comparisons: JobRunner<DeviationJob, DeviationTally>;
  readonly validationCount: number;
  readonly executor: Executor;
  /** Publishes the current weights for the next step's jobs. Returns them if the jobs must carry them, for lack of shared memory. */
  handOver(): Weights | undefined;
  /** Frees the state. */
  close(): void;
}

/** Prepares the jobs of a run. */
export function startJobs(parts: RunParts, step: StepSettings, shards: number): RunJobs {
  const { model, training, validation, comparison, executor } = parts;
  const state = createTrainingState(model, training, step);
  const sharedBuffers = executor.inProcess ? undefined : allocateSharedBuffers(state.trained, shards);
  // One array suffices: all jobs of a step end before the next step's weights are written.
  const weights = executor.inProcess ? undefined : (sharedBuffers?.weights ?? weightsLike(state.trained));
  const setup = executor.inProcess
    ? { model, data: training, settings: step, state, validation, comparison }
    : sentSetup(parts, step, sharedBuffers);
  const answers = runnerOf(executor, setup, "gradients");
  return {
    state,
    gradients: (given, onResult, signal) => {
      const jobs = [...given];
      const take = (index: number, answer: ShardAnswer): unknown =>
        onResult(index, { ...answer, gradients: answer.gradients ?? sharedBuffers!.gradients[jobs[index]!.shard]! });
      return answers(jobs, take, signal);
    },
    chips: runnerOf(executor, setup, "chips"),
    comparisons: runnerOf(executor, setup, "comparisons"),
    validationCount: validation.count,
    executor,
    handOver: () => {
      if (!weights) return undefined;
      readWeights(state.trained, weights);
      return sharedBuffers ? undefined : weights;
    },
    close: () => disposeTrainingState(state),
  };
}

/** The setup for other threads: a copy of the model, and samples in shared memory where there is any. */
function sentSetup(
  { model, training, validation, comparison, executor }: RunParts,
  step: StepSettings,
  sharedBuffers: SharedBuffers | undefined,
): FinetuningSetup {
  const target = step.target && { ...step.target, inputs: snapshotInputs(step.target.inputs) };
  const compared = comparison && { ...comparison, inputs: snapshotInputs(comparison.inputs) };
  return {
    model: modelFor(executor, model),
    // The samples of the first input aren't copied twice.
    data: target?.inputs[0]?.data ?? snapshot(training),
    settings: { ...step, target },
    sharedBuffers,
    validation: compared?.inputs[0]?.data ?? snapshot(validation),
    comparison: compared,
  };
}

/**
 * Splits a batch into the jobs of one step: contiguous shards whose sizes differ by at most one run. Empty shards have no job.
 *
 * @param indices  The batch: indices of its samples in the dataset.
 * @param measured  See `ShardJob`.
 * @param run  Samples of a run, which stay together: the batch that the network fixes. Default: 1.
 */
export function shardJobs(
  indices: Uint32Array,
  step: number,
  shards: number,
  weights: Weights | undefined,
  { powers, ranges }: Pick<ShardJob, "powers" | "ranges"> = {},
  run = 1,
): ShardJob[] {
  const bound = (shard: number): number => run * Math.floor((shard * indices.length) / run / shards);
  return Array.from({ length: shards }, (_, shard) => ({
    step,
    shard,
    shards,
    indices: indices.slice(bound(shard), bound(shard + 1)),
    first: bound(shard),
    weights,
    powers,
    ranges,
  })).filter((job) => job.indices.length > 0);
}

/** How well a network does on the validation chips: one of the two. */
export type Score =
  | {
      /** Mean accuracy, in percent. */
      readonly accuracy: number;
      readonly relativeError?: undefined;
    }
  | {
      readonly accuracy?: undefined;
      /** Mean relative error of the outputs, for a strategy towards the clean network; null if it isn't finite. */
      readonly relativeError: number | null;
    };

/** Whether a score is better than another. */
export const isBetter = (score: Score, than: Score): boolean =>
  score.accuracy !== undefined
    ? score.accuracy > than.accuracy!
    : (score.relativeError ?? Infinity) < (than.relativeError ?? Infinity);

/** A score, and what a validation measures for the steps after it. */
export interface Validated {
  readonly score: Score;
  /** For a strategy towards the clean network: the mean square of each clean output. */
  readonly powers?: readonly number[];
  /** Ranges of the chip's converters, on the first training samples. */
  readonly ranges?: Ranges | undefined;
  /** What was learned of the chip's periphery. */
  readonly calibration?: Calibration | undefined;
}

/** Returns a function that makes the first training samples in the current scope. */
export function trainingSamples(
  {
    model,
    data,
    settings,
  }: Pick<TrainingState, "model" | "data"> & {
    readonly settings: Pick<StepSettings, "target" | "fixedBatch" | "normalisation">;
  },
  count: number,
): () => Feeds {
  const { target, fixedBatch, normalisation } = settings;
  if (target === undefined) return calibrationBatch({ model, data, normalisation }, { calibrationSamples: count });
  const [{ data: first }] = target.inputs as readonly [BoundInput];
  return calibrationInputs({ ...target, count: first.count, fixedBatch }, { calibrationSamples: count });
}

/** Reads the validation samples on the validation chips. */
export async function validate(
  work: RunJobs,
  model: Model,
  settings: ResolvedSettings,
  signal?: AbortSignal,
): Promise<Validated> {
  const { executor, validationCount } = work;
  const { seed, sigma, calibrationSamples, time: time_s } = settings;
  const spec = chipOf(settings, sigma);
  const ranges = rangesFor(spec, model, trainingSamples(work.state, calibrationSamples));
  const calibration = calibrationOf(work.state, ranges);
  const chip = calibration === undefined ? spec : { ...spec, calibration };
  // Workers have their own copies of the model, so the job carries the weights.
  const weights = executor.inProcess ? undefined : readWeights(model.parameters.values());
  const count = settings.validation.chips;
  const shared = {
    chip,
    time_s,
    ranges: calibration?.ranges ?? ranges,
    seed,
    calibrationSamples,
    weights,
    purpose: purposes.validationChip,
  };
  const chips = chipRanges(model, validationCount, { from: 0, to: count }, executor);
  const jobs = chips.map((range) => ({ ...shared, ...range }));
  if (work.state.settings.target) return { ...(await compareWithClean(work, jobs, signal)), ranges, calibration };
  const correct = new Float64Array(count);
  const accuracyJobs = jobs.map((job) => ({ ...job, probabilities: false }));
  await work.chips(accuracyJobs, (job, tally) => correct.set(tally.correct, chips[job]!.from), signal);
  return { score: { accuracy: (100 * mean(correct)) / validationCount }, ranges, calibration };
}

/** @throws {Error} if the clean network's outputs aren't finite, or zero everywhere. */
async function compareWithClean(
  { comparisons }: RunJobs,
  ranges: readonly Omit<DeviationJob, "strict">[],
  signal?: AbortSignal,
): Promise<Validated> {
  const chips: DeviationTally["sums"][number][] = [];
  const jobs = ranges.map((range) => ({ ...range, strict: false }));
  await runUnbroken(
    comparisons,
    jobs,
    (_, { from, sums }) => {
      for (const [i, chip] of sums.entries()) chips[from + i] = chip;
    },
    signal,
  );
  const relativeError = mean(chips.map((chip) => deviationOf(chip).relativeError));
  return {
    score: { relativeError: Number.isFinite(relativeError) ? relativeError : null },
    powers: chips[0]!.map(({ cleanPower, elements }) => cleanPower / elements),
  };
}
