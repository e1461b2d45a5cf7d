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
import { sharedRoom } from "./shared-room.js";

/** What a run works on. */
export interface RunParts {
  readonly model: Model;
  readonly training: Dataset;
  readonly validation: Dataset;
  readonly workers: LentWorkers | undefined;
}

/** Who does the jobs of a run, and what is trained. */
export interface RunJobs {
  readonly state: TrainingState;
  readonly gradients: JobRunner<ShardJob, ShardResult>;
  readonly chips: JobRunner<ChipJob, ChipTally>;
  readonly validationCount: number;
  /** Who does them, where it isn't this thread. */
  readonly workers: LentWorkers | undefined;
  /** Hands the weights of now over to the step's jobs; returns them where the jobs have to carry them. */
  handOver(): Weights | undefined;
  close(): void;
}

/** Readies this thread or the workers for the jobs of a run. */
export function startJobs(
  { model, training, validation, workers }: RunParts,
  step: StepSettings,
  shards: number,
): RunJobs {
  const state = createTrainingState(model, training, step);
  const { normalisation, logits } = step;
  if (workers) {
    const room = sharedRoom(state.trained, shards);
    const setup = {
      training: { model: modelToRecord(model), data: snapshot(training), settings: step, room },
      validation: snapshot(validation),
    };
    const runner = runnersOn(workers, (api, id) => api.prepareTraining(setup, id));
    const answers = runner("shardGradients");
    // Jobs of a step are done before the next one's weights are written.
    const weights = room?.weights ?? weightsLike(state.trained);
    return {
      state,
      gradients: (given, onResult, signal) => {
        const jobs = [...given];
        const toResult = (answer: ShardAnswer, { shard }: ShardJob): ShardResult => ({
          ...answer,
          gradients: answer.gradients ?? room!.gradients[shard]!,
        });
        return answers(jobs, (index, answer) => onResult(index, toResult(answer, jobs[index]!)), signal);
      },
      handOver: () => {
        readWeights(state.trained, weights);
        return room ? undefined : weights;
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

/** The jobs of one step. */
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

/** Mean accuracy over the validation chips, in percent. */
export async function validate(
  { chips, workers, validationCount }: RunJobs,
  model: Model,
  settings: ResolvedSettings,
  signal?: AbortSignal,
): Promise<number> {
  const { device, weightBits, bitsPerCell, perSample, seed, sigma } = settings;
  // Workers have copies of the model.
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
