import { type Dataset, snapshot } from "@neft/data";
import {
  type ChipJob,
  type ChipTally,
  chipRanges,
  createEvaluationState,
  disposeEvaluationState,
  evaluateChips,
  inProcess,
  type JobRunner,
  mean,
  readWeights,
  runnersOn,
  type Weights,
  weightsLike,
} from "@neft/evaluation";
import { type Model, modelToRecord } from "@neft/model";
import { purposes } from "../streams.js";
import type { LentWorkers } from "../worker.js";
import type { ResolvedSettings } from "./settings.js";
import {
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
  readonly workers: LentWorkers | undefined;
}

/** Job runners of a run, and its training state. */
export interface RunJobs {
  readonly state: TrainingState;
  readonly gradients: JobRunner<ShardJob, ShardResult>;
  readonly chips: JobRunner<ChipJob, ChipTally>;
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
  { model, training, validation, workers }: RunParts,
  step: StepSettings,
  shards: number,
): RunJobs {
  const state = createTrainingState(model, training, step);
  const { normalisation, logits } = step;
  if (workers) {
    const sharedBuffers = allocateSharedBuffers(state.trained, shards);
    const setup = {
      training: { model: modelToRecord(model), data: snapshot(training), settings: step, sharedBuffers },
      validation: snapshot(validation),
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
      validationCount: validation.count,
      workers,
      close: () => disposeTrainingState(state),
    };
  }
  const images = createEvaluationState({ model, data: validation, normalisation, logits });
  return {
    state,
    gradients: inProcess((job) => shardGradients(state, job)),
    chips: inProcess((job) => evaluateChips(images, job)),
    validationCount: validation.count,
    workers,
    handOver: () => undefined,
    close: () => {
      disposeTrainingState(state);
      disposeEvaluationState(images);
    },
  };
}

/**
 * Splits a batch into the jobs of one step: contiguous shards whose sizes differ by at most one. Empty shards have no job.
 *
 * @param indices  The batch: indices of its samples in the dataset.
 */
export function shardJobs(
  indices: Uint32Array,
  step: number,
  shards: number,
  weights: Weights | undefined,
): ShardJob[] {
  const bound = (shard: number): number => Math.floor((shard * indices.length) / shards);
  return Array.from({ length: shards }, (_, shard) => ({
    step,
    shard,
    shards,
    indices: indices.slice(bound(shard), bound(shard + 1)),
    first: bound(shard),
    weights,
  })).filter((job) => job.indices.length > 0);
}

/** Returns the mean accuracy over the validation chips, in percent. */
export async function validate(
  { chips, workers, validationCount }: RunJobs,
  model: Model,
  settings: ResolvedSettings,
  signal?: AbortSignal,
): Promise<number> {
  const { device, weightBits, bitsPerCell, perSample, seed, sigma } = settings;
  // Workers have their own copies of the model, so the job carries the weights.
  const weights = workers ? readWeights(model.parameters.values()) : undefined;
  const shared = { device, weightBits, bitsPerCell, perSample, seed, sigma, weights };
  const count = settings.validation.chips;
  const purpose = purposes.validationChip;
  const ranges = chipRanges(model, validationCount, { from: 0, to: count }, workers);
  const jobs = ranges.map((range) => ({ ...shared, ...range, purpose, probabilities: false }));
  const correct = new Float64Array(count);
  await chips(jobs, (job, tally) => correct.set(tally.correct, ranges[job]!.from), signal);
  return (100 * mean(correct)) / validationCount;
}
