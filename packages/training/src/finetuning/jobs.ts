import type { Dataset } from "@neft/data";
import { type Model, modelToRecord } from "@neft/model";
import { readWeights, type Weights } from "../checkpoint.js";
import { type ChipJob, createEvaluationState, disposeEvaluationState, evaluateChips } from "../evaluation/chips.js";
import type { ChipTally } from "../evaluation/tally.js";
import { inProcess, type Lane, onWorkers, prepareWith, type Workers } from "../lanes.js";
import { mean } from "../statistics.js";
import { purposes } from "../streams.js";
import type { ResolvedSettings } from "./settings.js";
import {
  createTrainingState,
  disposeTrainingState,
  type ShardJob,
  type ShardResult,
  type StepSettings,
  shardGradients,
  type TrainingState,
} from "./shards.js";

/** What a run works on. */
export interface RunParts {
  readonly model: Model;
  readonly training: Dataset;
  readonly validation: Dataset;
  readonly workers?: Workers | undefined;
}

/** Who does the jobs of a run, and what is trained. */
export interface RunJobs {
  readonly state: TrainingState;
  readonly gradients: Lane<ShardJob, ShardResult>;
  readonly chips: Lane<ChipJob, ChipTally>;
  readonly validationCount: number;
  /** Whether jobs carry the weights: workers have copies of their own. */
  readonly areWeightsSent: boolean;
  close(): void;
}

/** Readies this thread or the workers for the jobs of a run. */
export function startJobs({ model, training, validation, workers }: RunParts, step: StepSettings): RunJobs {
  const state = createTrainingState(model, training, step);
  const { normalisation, logits } = step;
  if (workers) {
    const setup = { training: { model: modelToRecord(model), data: training, settings: step }, validation };
    workers.prepare(prepareWith((api) => api.prepareTraining(setup)));
    return {
      state,
      gradients: onWorkers(workers, "shardGradients"),
      chips: onWorkers(workers, "evaluateChips"),
      validationCount: validation.count,
      areWeightsSent: true,
      close: () => disposeTrainingState(state),
    };
  }
  const images = createEvaluationState({ model, data: validation, normalisation, logits });
  return {
    state,
    gradients: inProcess((job) => shardGradients(state, job)),
    chips: inProcess((job) => evaluateChips(images, job)),
    validationCount: validation.count,
    areWeightsSent: false,
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
  { chips, areWeightsSent, validationCount }: RunJobs,
  model: Model,
  settings: ResolvedSettings,
  signal?: AbortSignal,
): Promise<number> {
  const { device, weightBits, bitsPerCell, perSample, seed, sigma } = settings;
  const weights = areWeightsSent ? readWeights(model.parameters.values()) : undefined;
  const shared = { device, weightBits, bitsPerCell, perSample, seed, sigma, weights };
  const jobs = Array.from({ length: settings.validation.chips }, (_, chip) => ({
    ...shared,
    purpose: purposes.validationChip,
    from: chip,
    to: chip + 1,
    probabilities: false,
  }));
  const correct = new Float64Array(jobs.length);
  await chips(jobs, (chip, tally) => (correct[chip] = tally.correct[0]!), signal);
  return (100 * mean(correct)) / validationCount;
}
