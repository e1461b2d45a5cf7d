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

/** What a worker can be asked to do. Kernels must be initialised before. */
export interface TrainingWorker {
  prepareEvaluation(setup: EvaluationSetup): void;
  prepareTraining(setup: TrainingSetup): void;
  evaluateChips(job: ChipJob): ChipTally;
  shardGradients(job: ShardJob): ShardAnswer;
}

/** The methods of a worker that keeps one model at a time. */
export function createTrainingWorker(): TrainingWorker {
  let model: Model | undefined;
  let evaluation: EvaluationState | undefined;
  let training: TrainingState | undefined;
  const reset = (record: ModelRecord): Model => {
    if (evaluation) disposeEvaluationState(evaluation);
    if (training) disposeTrainingState(training);
    model?.dispose();
    [evaluation, training] = [undefined, undefined];
    model = modelFromRecord(record);
    return model;
  };
  const prepared = <State>(state: State | undefined, setup: string): State => {
    if (state === undefined) throw new Error(`worker: expected ${setup} before the first job, got none`);
    return state;
  };
  return {
    prepareEvaluation: ({ model: record, ...setup }) => {
      evaluation = createEvaluationState({ model: reset(record), ...setup });
    },
    prepareTraining: ({ training: { model: record, data, settings, room }, validation }) => {
      const own = reset(record);
      const { normalisation, logits } = settings;
      training = createTrainingState(own, data, settings, room);
      evaluation = createEvaluationState({ model: own, data: validation, normalisation, logits });
    },
    evaluateChips: (job) => evaluateChips(prepared(evaluation, "prepareEvaluation"), job),
    shardGradients: (job) => {
      const state = prepared(training, "prepareTraining");
      const { gradients, ...rest } = shardGradients(state, job);
      return state.room ? rest : { ...rest, gradients };
    },
  };
}
