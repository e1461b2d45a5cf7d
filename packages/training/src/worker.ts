import type { Dataset, Normalisation } from "@neft/data";
import { type Model, type ModelRecord, modelFromRecord } from "@neft/model";
import type { SharedRoom } from "./checkpoint.js";
import {
  type ChipJob,
  createEvaluationState,
  disposeEvaluationState,
  type EvaluationState,
  evaluateChips,
} from "./evaluation/chips.js";
import type { ChipTally } from "./evaluation/tally.js";
import {
  createTrainingState,
  disposeTrainingState,
  type ShardAnswer,
  type ShardJob,
  type StepSettings,
  shardGradients,
  type TrainingState,
} from "./finetuning/shards.js";

/** What a worker needs for chip jobs: plain data. */
export interface EvaluationSetup {
  readonly model: ModelRecord;
  readonly data: Dataset;
  readonly normalisation: Normalisation;
  /** Name of the value with the class scores. */
  readonly logits: string;
}

/** What a worker needs for shard jobs and for the chip jobs of their validation: plain data. */
export interface TrainingSetup {
  readonly training: {
    readonly model: ModelRecord;
    readonly data: Dataset;
    readonly settings: StepSettings;
    readonly room: SharedRoom | undefined;
  };
  readonly validation: Dataset;
}

/** Tells a setup from all others that a worker is given. */
export type SetupId = number;

/** A job, and the setup that it is to be done with. */
export interface JobOfSetup<Job> {
  readonly setup: SetupId;
  readonly job: Job;
}

/** What a worker can be asked to do. Kernels must be initialised before. */
export interface TrainingWorker {
  prepareEvaluation(setup: EvaluationSetup, id: SetupId): void;
  prepareTraining(setup: TrainingSetup, id: SetupId): void;
  /** @throws {Error} for a job of another setup than the last one, as does `shardGradients`. */
  evaluateChips(job: JobOfSetup<ChipJob>): ChipTally;
  shardGradients(job: JobOfSetup<ShardJob>): ShardAnswer;
}

/** The methods of a worker that keeps one model at a time. */
export function createTrainingWorker(): TrainingWorker {
  let model: Model | undefined;
  let evaluation: EvaluationState | undefined;
  let training: TrainingState | undefined;
  /** Whose model and data these are; undefined while a setup is under way, and where one has failed. */
  let current: SetupId | undefined;
  const reset = (record: ModelRecord): Model => {
    current = undefined;
    if (evaluation) disposeEvaluationState(evaluation);
    if (training) disposeTrainingState(training);
    model?.dispose();
    [evaluation, training] = [undefined, undefined];
    model = modelFromRecord(record);
    return model;
  };
  const prepared = <State>(state: State | undefined, setup: SetupId): State => {
    if (setup !== current) throw new Error(`worker: expected a job of setup ${current ?? "none"}, got one of ${setup}`);
    if (state === undefined) throw new Error(`worker: expected a job that setup ${setup} is for, got another kind`);
    return state;
  };
  return {
    prepareEvaluation: ({ model: record, ...setup }, id) => {
      evaluation = createEvaluationState({ model: reset(record), ...setup });
      current = id;
    },
    prepareTraining: ({ training: { model: record, data, settings, room }, validation }, id) => {
      const own = reset(record);
      const { normalisation, logits } = settings;
      training = createTrainingState(own, data, settings, room);
      evaluation = createEvaluationState({ model: own, data: validation, normalisation, logits });
      current = id;
    },
    evaluateChips: ({ setup, job }) => evaluateChips(prepared(evaluation, setup), job),
    shardGradients: ({ setup, job }) => {
      const state = prepared(training, setup);
      const { gradients, ...rest } = shardGradients(state, job);
      return state.room ? rest : { ...rest, gradients };
    },
  };
}
