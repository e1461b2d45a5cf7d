import { type ChipSettings, type Device, rram1, variationBackend } from "@neft/crossbar";
import { batchTensor, type Dataset, gatherLabels, type Normalisation } from "@neft/data";
import { readWeights, type Weights, writeWeights } from "@neft/evaluation";
import { type BatchStatistics, type Model, trainableParameters } from "@neft/model";
import { backward, scope, type Tensor } from "@neft/tensor";
import { createHeads, type HeadPlan } from "../heads.js";
import { strategyNamed } from "../strategies.js";
import type { ConfiguredStrategy, ForwardRequest, StrategySettings } from "../strategy.js";
import { purposes } from "../streams.js";
import type { SharedRoom } from "./shared-room.js";
import { type ForwardBackends, strategyLoss } from "./strategyLoss.js";

/** What every step of a run has in common: plain data. */
export interface StepSettings extends ChipSettings {
  readonly strategy: { readonly id: string } & StrategySettings;
  readonly sigma: number;
  readonly batchNorm: "batch" | "frozen";
  /** Names of parameters that don't train, and of batch normalisations that keep their statistics whatever `batchNorm` says. */
  readonly frozen?: readonly string[];
  readonly frozenNorms?: readonly string[];
  readonly seed: number;
  /** Name of the value with the class scores. */
  readonly logits: string;
  readonly heads: readonly HeadPlan[];
  readonly normalisation: Normalisation;
}

/** One shard of one step: plain data. */
export interface ShardJob {
  readonly step: number;
  /** Number of the shard, and of the shards of a step. */
  readonly shard: number;
  readonly shards: number;
  /** The shard's samples, and where in the whole batch they start. */
  readonly indices: Uint32Array;
  readonly first: number;
  /** Contents of the trained parameters, in the state's order; where left out those of the shared room, or as they are. */
  readonly weights?: Weights | undefined;
}

/**
 * A shard's contribution: plain data. Loss and gradients are means over the shard's samples. The gradients lie where the same
 * shard of the next step will write its own.
 */
export interface ShardResult {
  readonly count: number;
  readonly loss: number;
  readonly gradients: Weights;
  readonly statistics: readonly BatchStatistics[];
}

/** A shard's contribution as a worker sends it: without the gradients where those lie in the shared room. */
export type ShardAnswer = Omit<ShardResult, "gradients"> & { readonly gradients?: Weights | undefined };

/** A network in training with its heads and data. */
export interface TrainingState {
  readonly model: Model;
  readonly data: Dataset;
  readonly settings: StepSettings;
  readonly strategy: ConfiguredStrategy;
  readonly headParameters: ReadonlyMap<string, Tensor>;
  /** The model's trainable parameters that aren't frozen, then those of the heads. */
  readonly trained: readonly Tensor[];
  /** Where the gradients of each shard are handed over. */
  readonly gradients: Map<number, Weights>;
  /** What a worker has in common with the run it works for. */
  readonly room: SharedRoom | undefined;
}

/** A state for `shardGradients`, with heads as the seed makes them. */
export function createTrainingState(
  model: Model,
  data: Dataset,
  settings: StepSettings,
  room?: SharedRoom,
): TrainingState {
  const { id, ...given } = settings.strategy;
  const headParameters = createHeads(settings.heads, settings.seed);
  const frozen = new Set(settings.frozen);
  const names = trainableParameters(model).filter((name) => !frozen.has(name));
  const own = names.map((name) => model.parameters.get(name)!);
  const trained = [...own, ...headParameters.values()];
  return {
    model,
    data,
    settings,
    strategy: strategyNamed(id).configure(given),
    headParameters,
    trained,
    gradients: new Map(room?.gradients.entries()),
    room,
  };
}

/** Frees the heads; the model is the caller's. */
export function disposeTrainingState(state: TrainingState): void {
  for (const tensor of state.headParameters.values()) tensor.dispose();
}

/**
 * The arrays of one forward. All shards of a step have the same chip; with a draw for each sample, a sample's is that of its
 * place in the whole batch.
 */
function forwardBackends(settings: StepSettings, job: ShardJob, { sigma, draw }: ForwardRequest): ForwardBackends {
  const { seed, weightBits, bitsPerCell, perSample, strategy } = settings;
  const place = {
    seed,
    purpose: purposes.trainingVariation,
    index: draw,
    step: job.step,
    perSample,
    firstSample: job.first,
  };
  const backend = (array: { readonly device: Device; readonly sigma: number }) =>
    variationBackend({ ...array, weightBits, bitsPerCell, ...place });
  return {
    network: backend({ device: settings.device, sigma }),
    // Heads are no part of the chip: they stand on the uniform device, as in the reference.
    heads: backend({ device: rram1, sigma: strategy.headSigma ?? sigma }),
  };
}

/** Most forwards a strategy may run in a step, for numbering their dropout masks. */
const mostDraws = 64;

/** Loss, gradients and batch statistics of one shard of a step; the same job gives the same bits on whatever worker. */
export function shardGradients(state: TrainingState, job: ShardJob): ShardResult {
  const { model, data, settings, strategy, headParameters, trained } = state;
  const weights = job.weights ?? state.room?.weights;
  if (weights) writeWeights(trained, weights);
  const { seed, logits, heads, sigma, batchNorm, frozenNorms, normalisation } = settings;
  const input = model.inputs[0]!;
  return scope(() => {
    const { loss, statistics } = strategyLoss({
      model,
      logits,
      strategy,
      heads,
      headParameters,
      sigma,
      batchNorm,
      frozenNorms: new Set(frozenNorms),
      x: batchTensor(data, job.indices, normalisation, input.shape, input.dtype),
      labels: gatherLabels(data, job.indices),
      backends: (request) => forwardBackends(settings, job, request),
      dropout: ({ draw }) => ({ seed, step: (job.step * job.shards + job.shard) * mostDraws + draw }),
    });
    const value = loss.item();
    const gradients = readWeights(backward(loss, trained), state.gradients.get(job.shard));
    state.gradients.set(job.shard, gradients);
    return { count: job.indices.length, loss: value, gradients, statistics };
  });
}
