import type { Dataset } from "@neft/data";
import {
  compareChips,
  createDeviationState,
  createEvaluationState,
  type DeviationSetup,
  type DeviationState,
  disposeDeviationState,
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
import type { SharedBuffers } from "./finetuning/shared-buffers.js";

/** Everything that a worker needs for shard jobs and for the chip jobs of validation. Plain data. */
export interface TrainingSetup {
  readonly training: {
    readonly model: ModelRecord;
    readonly data: Dataset;
    readonly settings: StepSettings;
    readonly sharedBuffers: SharedBuffers | undefined;
  };
  readonly validation: Dataset;
  /** Validation in a run towards the clean network. */
  readonly comparison?: Comparison | undefined;
}

/** Samples and outputs of a validation against the clean network. Plain data. */
export type Comparison = Omit<DeviationSetup, "model">;

/** The worker methods that `evaluate` and `finetune` call. Kernels must be initialised first. */
export interface TrainingWorker extends EvaluationWorker {
  /** Replaces the worker's model and data. */
  prepareTraining(setup: TrainingSetup, id: SetupId): Promise<void>;
  /** @throws {Error} if the job's setup is not the worker's last one. */
  shardGradients(job: JobOfSetup<ShardJob>): ShardAnswer;
}

/** A pool of workers that `evaluate` and `finetune` can use. Several calls may share it. */
export type Workers = WorkersOf<TrainingWorker>;

/** Workers leased to one call. */
export type LentWorkers = Lease<TrainingWorker>;

/**
 * Creates a worker's methods. The worker holds one model at a time.
 * @param loadOperators  Makes more operators known. Called before each setup of a model that uses them. Default: all are known.
 */
export function createTrainingWorker(loadOperators?: () => Promise<void>): TrainingWorker {
  let model: Model | undefined;
  let evaluation: EvaluationState | undefined;
  let deviation: DeviationState | undefined;
  let training: TrainingState | undefined;
  /** Setup of the current model and data; undefined during a setup and after a failed one. */
  let current: SetupId | undefined;
  const reset = (record: ModelRecord): Model => {
    current = undefined;
    if (evaluation) disposeEvaluationState(evaluation);
    if (deviation) disposeDeviationState(deviation);
    if (training) disposeTrainingState(training);
    model?.dispose();
    [evaluation, deviation, training] = [undefined, undefined, undefined];
    model = modelFromRecord(record);
    return model;
  };
  /** Before all changes of a setup, so that none is interrupted. */
  const ready = async ({ isExtended }: ModelRecord): Promise<void> => {
    if (isExtended) await loadOperators?.();
  };
  const prepared = <State>(state: State | undefined, setup: SetupId): State => {
    if (setup !== current) throw new Error(`worker: expected a job of setup ${current ?? "none"}, got one of ${setup}`);
    if (state === undefined)
      throw new Error(`worker: expected a job of the kind that setup ${setup} prepared, got another kind`);
    return state;
  };
  return {
    prepareEvaluation: async ({ model: record, ...setup }, id) => {
      await ready(record);
      evaluation = createEvaluationState({ model: reset(record), ...setup });
      current = id;
    },
    prepareDeviation: async ({ model: record, ...setup }, id) => {
      await ready(record);
      const own = reset(record);
      deviation = createDeviationState({ ...setup, model: own, clean: own });
      current = id;
    },
    prepareTraining: async (
      { training: { model: record, data, settings, sharedBuffers }, validation, comparison },
      id,
    ) => {
      await ready(record);
      const own = reset(record);
      const { normalisation, logits } = settings;
      training = createTrainingState(own, data, settings, sharedBuffers);
      if (comparison) deviation = createDeviationState({ ...comparison, model: own, clean: training.clean! });
      else evaluation = createEvaluationState({ model: own, data: validation, normalisation, logits });
      current = id;
    },
    evaluateChips: ({ setup, job }) => evaluateChips(prepared(evaluation, setup), job),
    compareChips: ({ setup, job }) => compareChips(prepared(deviation, setup), job),
    shardGradients: ({ setup, job }) => {
      const state = prepared(training, setup);
      const { gradients, ...rest } = shardGradients(state, job);
      return state.sharedBuffers ? rest : { ...rest, gradients };
    },
  };
}
