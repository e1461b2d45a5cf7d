import type { Dataset } from "@neft/data";
import {
  createEvaluationState,
  disposeEvaluationState,
  type EvaluationState,
  type EvaluationWorker,
  evaluateChips,
  type JobOfSetup,
  type SetupId,
  type WorkersOf,
} from "@neft/evaluation";
import { type Model, type ModelRecord, modelFromRecord } from "@neft/model";
import type { Lease } from "@neft/pool";
import {
  createTrainingState,
  disposeTrainingState,
  type ShardAnswer,
  type ShardJob,
  type StepSettings,
  shardGradients,
  type TrainingState,
} from "./finetuning/shards.js";
import type { SharedRoom } from "./finetuning/shared-room.js";

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

/** What a worker can be asked to do. Kernels must be initialised before. */
export interface TrainingWorker extends EvaluationWorker {
  prepareTraining(setup: TrainingSetup, id: SetupId): void;
  /** @throws {Error} for a job of another setup than the last one. */
  shardGradients(job: JobOfSetup<ShardJob>): ShardAnswer;
}

/** Workers that do training jobs and chip jobs: what `evaluate` and `finetune` need of a pool. Any number of calls may share them. */
export type Workers = WorkersOf<TrainingWorker>;

/** Workers that one call has for itself. */
export type LentWorkers = Lease<TrainingWorker>;

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
