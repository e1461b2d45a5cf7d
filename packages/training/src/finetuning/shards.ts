import { type ChipSettings, type Device, rram1, variationBackend } from "@neft/crossbar";
import { batchTensor, type Dataset, gatherLabels, type Normalisation } from "@neft/data";
import { readWeights, type Weights, writeWeights } from "@neft/evaluation";
import { type BatchStatistics, type Model, trainableParameters } from "@neft/model";
import { backward, scope, type Tensor } from "@neft/tensor";
import { createHeads, type HeadPlan } from "../heads.js";
import { strategyNamed } from "../strategies.js";
import { type ConfiguredStrategy, type ForwardRequest, maxForwards, type StrategySettings } from "../strategy.js";
import { purposes } from "../streams.js";
import type { SharedBuffers } from "./shared-buffers.js";
import { type ForwardBackends, strategyLoss } from "./strategy-loss.js";

/** Settings that all steps of a run share. Plain data. */
export interface StepSettings extends ChipSettings {
  readonly strategy: { readonly id: string } & StrategySettings;
  readonly sigma: number;
  readonly batchNorm: "batch" | "frozen";
  /** Names of parameters that don't train. Default: none. */
  readonly frozen?: readonly string[];
  /** Names of batch normalisation nodes that use their running statistics even with `batchNorm` "batch". Default: none. */
  readonly frozenNorms?: readonly string[];
  readonly seed: number;
  /** Name of the value with the class scores. */
  readonly logits: string;
  readonly heads: readonly HeadPlan[];
  readonly normalisation: Normalisation;
}

/** A job: one shard of one step. Plain data. */
export interface ShardJob {
  readonly step: number;
  /** Index of the shard, from 0. */
  readonly shard: number;
  /** Number of shards of a step. */
  readonly shards: number;
  /** Indices of the shard's samples in the dataset. */
  readonly indices: Uint32Array;
  /** Position of the shard's first sample in the batch. */
  readonly first: number;
  /** Values of the trained parameters, in the order of `TrainingState.trained`. Default: those in shared memory, or the current ones. */
  readonly weights?: Weights | undefined;
}

/**
 * Result of a shard. Plain data. Loss and gradients are means over the shard's `count` samples. The gradient arrays are reused: the
 * same shard of the next step overwrites them.
 */
export interface ShardResult {
  readonly count: number;
  readonly loss: number;
  readonly gradients: Weights;
  readonly statistics: readonly BatchStatistics[];
}

/** Result of a shard as a worker sends it: without the gradients if they are in shared memory. */
export type ShardAnswer = Omit<ShardResult, "gradients"> & { readonly gradients?: Weights | undefined };

/** A network in training, with its heads and data. */
export interface TrainingState {
  readonly model: Model;
  readonly data: Dataset;
  readonly settings: StepSettings;
  readonly strategy: ConfiguredStrategy;
  readonly headParameters: ReadonlyMap<string, Tensor>;
  /** The model's trainable parameters that aren't frozen, then those of the heads. */
  readonly trained: readonly Tensor[];
  /** Gradient arrays by shard. */
  readonly gradients: Map<number, Weights>;
  /** Memory shared between a worker and the run; undefined outside a worker and without shared memory. */
  readonly sharedBuffers: SharedBuffers | undefined;
}

/** Creates a state for `shardGradients`, with heads initialised from the seed. Free it with `disposeTrainingState`. */
export function createTrainingState(
  model: Model,
  data: Dataset,
  settings: StepSettings,
  sharedBuffers?: SharedBuffers,
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
    gradients: new Map(sharedBuffers?.gradients.entries()),
    sharedBuffers,
  };
}

/** Frees the heads, not the model. */
export function disposeTrainingState(state: TrainingState): void {
  for (const tensor of state.headParameters.values()) tensor.dispose();
}

/**
 * Makes the backends of one forward pass. All shards of a step use the same chip. With `perSample`, each sample has its own draw, by its
 * position in the batch, so that draws don't depend on the shards.
 */
function forwardBackends(settings: StepSettings, job: ShardJob, { sigma, draw }: ForwardRequest): ForwardBackends {
  const { seed, weightBits, bitsPerCell, perSample, strategy } = settings;
  const backend = (device: Device, sigma: number) =>
    variationBackend({
      device,
      sigma,
      weightBits,
      bitsPerCell,
      seed,
      purpose: purposes.trainingVariation,
      index: draw,
      step: job.step,
      perSample,
      firstSample: job.first,
    });
  return {
    network: backend(settings.device, sigma),
    // Heads aren't on the chip. As in the reference implementation, they vary like the uniform device.
    heads: backend(rram1, strategy.headSigma ?? sigma),
  };
}

/** Computes loss, gradients and batch statistics of one shard. The same job gives the same result, bit for bit, on every worker. */
export function shardGradients(state: TrainingState, job: ShardJob): ShardResult {
  const { model, data, settings, strategy, headParameters, trained } = state;
  const weights = job.weights ?? state.sharedBuffers?.weights;
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
      dropout: ({ draw }) => ({ seed, step: (job.step * job.shards + job.shard) * maxForwards + draw }),
    });
    const value = loss.item();
    const gradients = readWeights(backward(loss, trained), state.gradients.get(job.shard));
    state.gradients.set(job.shard, gradients);
    return { count: job.indices.length, loss: value, gradients, statistics };
  });
}
