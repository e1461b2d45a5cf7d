import { type Calibration, chipOf, type Ranges } from "@neft/crossbar";
import { type Dataset, snapshot } from "@neft/data";
import {
  type BoundInput,
  type ChipJob,
  type ChipTally,
  calibrationBatch,
  calibrationInputs,
  chipRanges,
  compareChips,
  createDeviationState,
  createEvaluationState,
  type DeviationJob,
  type DeviationTally,
  deviationOf,
  disposeDeviationState,
  disposeEvaluationState,
  evaluateChips,
  type Feeds,
  inProcess,
  type JobRunner,
  mean,
  rangesFor,
  readWeights,
  runnersOn,
  runUnbroken,
  snapshotInputs,
  type Weights,
  weightsLike,
} from "@neft/evaluation";
import { type Model, modelToRecord } from "@neft/model";
import { purposes } from "../streams.js";
import type { Comparison, LentWorkers } from "../worker.js";
import type { ResolvedSettings } from "./settings.js";
import {
  calibrationOf,
  createTrainingState,
  disposeTrainingState,
  type ShardAnswer,
  type ShardJob,
  type ShardResult,
  type StepSettings,
  shardGradients,
  type TrainingState,
} from "./shards.js";
import { allocateSharedBuffers } from "./shared-buffers.js";

/** Model, data and workers of a run. */
export interface RunParts {
  readonly model: Model;
  readonly training: Dataset;
  readonly validation: Dataset;
  /** Validation in a run towards the clean network, in place of `validation`. */
  readonly comparison?: Comparison | undefined;
  readonly workers: LentWorkers | undefined;
}

/** Job runners of a run, and its training state. */
export interface RunJobs {
  readonly state: TrainingState;
  readonly gradients: JobRunner<ShardJob, ShardResult>;
  readonly chips: JobRunner<ChipJob, ChipTally>;
  readonly comparisons: JobRunner<DeviationJob, DeviationTally>;
  readonly validationCount: number;
  /** The workers that run the jobs; undefined if this thread does. */
  readonly workers: LentWorkers | undefined;
  /** Publishes the current weights for the next step's jobs. Returns them if the jobs must carry them, for lack of shared memory. */
  handOver(): Weights | undefined;
  /** Frees the states. */
  close(): void;
}

/** Prepares this thread or the workers for the jobs of a run. */
export function startJobs(
  { model, training, validation, comparison, workers }: RunParts,
  step: StepSettings,
  shards: number,
): RunJobs {
  const state = createTrainingState(model, training, step);
  const { normalisation, logits } = step;
  if (workers) {
    const sharedBuffers = allocateSharedBuffers(state.trained, shards);
    const target = step.target && { ...step.target, inputs: snapshotInputs(step.target.inputs) };
    const compared = comparison && { ...comparison, inputs: snapshotInputs(comparison.inputs) };
    const setup = {
      training: {
        model: modelToRecord(model),
        // The samples of the first input aren't copied twice.
        data: target?.inputs[0]?.data ?? snapshot(training),
        settings: { ...step, target },
        sharedBuffers,
      },
      validation: compared?.inputs[0]?.data ?? snapshot(validation),
      comparison: compared,
    };
    const runner = runnersOn(workers, (api, id) => api.prepareTraining(setup, id));
    const answers = runner("shardGradients");
    // One array suffices: all jobs of a step end before the next step's weights are written.
    const weights = sharedBuffers?.weights ?? weightsLike(state.trained);
    return {
      state,
      gradients: (given, onResult, signal) => {
        const jobs = [...given];
        const toResult = (answer: ShardAnswer, { shard }: ShardJob): ShardResult => ({
          ...answer,
          gradients: answer.gradients ?? sharedBuffers!.gradients[shard]!,
        });
        return answers(jobs, (index, answer) => onResult(index, toResult(answer, jobs[index]!)), signal);
      },
      handOver: () => {
        readWeights(state.trained, weights);
        return sharedBuffers ? undefined : weights;
      },
      chips: runner("evaluateChips"),
      comparisons: runner("compareChips"),
      validationCount: validation.count,
      workers,
      close: () => disposeTrainingState(state),
    };
  }
  const images = createEvaluationState({ model, data: validation, normalisation, logits });
  const compared = comparison && createDeviationState({ ...comparison, model, clean: state.clean! });
  return {
    state,
    gradients: inProcess((job) => shardGradients(state, job)),
    chips: inProcess((job) => evaluateChips(images, job)),
    comparisons: inProcess((job) => compareChips(compared!, job)),
    validationCount: validation.count,
    workers,
    handOver: () => undefined,
    close: () => {
      disposeTrainingState(state);
      disposeEvaluationState(images);
      if (compared) disposeDeviationState(compared);
    },
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
  const { workers, validationCount } = work;
  const { seed, sigma, calibrationSamples, time: time_s } = settings;
  const spec = chipOf(settings, sigma);
  const ranges = rangesFor(spec, model, trainingSamples(work.state, calibrationSamples));
  const calibration = calibrationOf(work.state, ranges);
  const chip = calibration === undefined ? spec : { ...spec, calibration };
  // Workers have their own copies of the model, so the job carries the weights.
  const weights = workers ? readWeights(model.parameters.values()) : undefined;
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
  const chips = chipRanges(model, validationCount, { from: 0, to: count }, workers);
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
