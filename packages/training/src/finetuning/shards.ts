import {
  type Calibration,
  Chip,
  type ChipSettings,
  type ChipSpec,
  chipOf,
  isDetailed,
  type LayerRanges,
  type LearnableLayer,
  type LearnedLayer,
  type Ranges,
  rram1,
  SharedLayers,
  variationBackend,
  weightChip,
  withSigma,
} from "@neft/crossbar";
import { batchTensor, type Dataset, gatherLabels, type Normalisation } from "@neft/data";
import { type BoundInput, gatherInputs, readWeights, type Weights, weightsLike, writeWeights } from "@neft/evaluation";
import {
  type ArrayBackend,
  arrayNodes,
  type BatchStatistics,
  copyModel,
  type Model,
  run,
  trainableParameters,
} from "@neft/model";
import { backward, noGrad, parameter, scope, type Tensor } from "@neft/tensor";
import { createHeads, type HeadPlan } from "../heads.js";
import type { LossTerm } from "../modifier.js";
import { lossTerms, type ModifierSettings } from "../modifiers.js";
import { positionBefore, type RunLength } from "../position.js";
import { strategyNamed } from "../strategies.js";
import {
  type ConfiguredStrategy,
  type ForwardRequest,
  maxForwards,
  type Passes,
  type StrategySettings,
  type TrainedWeight,
} from "../strategy.js";
import { purposes } from "../streams.js";
import type { SharedBuffers } from "./shared-buffers.js";
import { type ForwardBackends, strategyLoss } from "./strategy-loss.js";

/** What a run towards the clean network trains on. Plain data. */
export interface CleanTarget {
  /** Samples of all inputs, without labels. */
  readonly inputs: readonly BoundInput[];
  /** Names of the values to compare. */
  readonly values: readonly string[];
}

/** Settings that all steps of a run share. Plain data. */
export interface StepSettings extends ChipSettings, Omit<ModifierSettings, "perSample"> {
  /** Age of the chips in seconds. Default: 0. */
  readonly time?: number | undefined;
  readonly strategy: { readonly id: string } & StrategySettings;
  readonly sigma: number;
  readonly batchNorm: "batch" | "frozen";
  /** The only batch size that the network runs at. A shard's loss and gradients are then means over its runs. Default: any. */
  readonly fixedBatch?: number | undefined;
  /** Names of parameters that don't train. Default: none. */
  readonly frozen?: readonly string[];
  /** Names of batch normalisation nodes that use their running statistics even with `batchNorm` "batch". Default: none. */
  readonly frozenNorms?: readonly string[];
  readonly seed: number;
  /** Name of the value with the class scores; with a `target`, the first of its values. */
  readonly logits: string;
  /** Set in runs towards the clean network. */
  readonly target?: CleanTarget | undefined;
  readonly heads: readonly HeadPlan[];
  /** Default: one step. */
  readonly length?: RunLength | undefined;
  /** Layers whose periphery is learned, with their first ranges. Default: none. */
  readonly learned?: readonly LearnableLayer[] | undefined;
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
  /** Mean square of each clean output, in runs towards the clean network. */
  readonly powers?: readonly number[] | undefined;
  /** Ranges of the chip's converters. Default: none, for chips without them. */
  readonly ranges?: Ranges | undefined;
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
  /** Passes of the shard's samples through the network. */
  readonly passes: Passes;
}

/** Result of a shard as a worker sends it: without the gradients if they are in shared memory. */
export type ShardAnswer = Omit<ShardResult, "gradients"> & { readonly gradients?: Weights | undefined };

/** A network in training, with its heads and data. */
export interface TrainingState {
  readonly model: Model;
  readonly data: Dataset;
  readonly settings: StepSettings;
  readonly strategy: ConfiguredStrategy;
  /** What modifiers add to the loss. */
  readonly terms: readonly LossTerm[];
  /** A copy of the network with the weights before finetuning, in runs that read its outputs. */
  readonly clean: Model | undefined;
  readonly headParameters: ReadonlyMap<string, Tensor>;
  /** Ranges and factors that are learned, by layer. */
  readonly learned: ReadonlyMap<string, LearnedLayer>;
  /** The model's trainable parameters that aren't frozen, then those of the heads, then what is learned of the periphery. */
  readonly trained: readonly Tensor[];
  /** What strategies see of `trained`: all but the periphery. */
  readonly weights: readonly TrainedWeight[];
  /** Gradient arrays by shard. */
  readonly gradients: Map<number, Weights>;
  /** Memory shared between a worker and the run; undefined outside a worker and without shared memory. */
  readonly sharedBuffers: SharedBuffers | undefined;
  /** What the chips of all steps have in common. */
  readonly layers: SharedLayers;
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
  const learned = new Map((settings.learned ?? []).map((layer) => [layer.layer, learnedLayer(layer)]));
  const trained = [...own, ...headParameters.values(), ...[...learned.values()].flatMap(tensorsOf)];
  const onCrossbars = new Set(arrayNodes(model).map(({ weight }) => weight));
  const strategy = strategyNamed(id).configure(given);
  const terms = lossTerms(settings);
  return {
    model,
    data,
    settings,
    strategy,
    terms,
    clean: settings.target || strategy.hasTeacher || terms.length > 0 ? copyModel(model) : undefined,
    headParameters,
    learned,
    trained,
    weights: [
      ...names.map((name, i) => ({ name, tensor: own[i]!, onCrossbar: onCrossbars.has(name) })),
      ...Array.from(headParameters, ([name, tensor]) => ({ name, tensor, onCrossbar: false })),
    ],
    gradients: new Map(sharedBuffers?.gradients.entries()),
    sharedBuffers,
    layers: new SharedLayers(),
  };
}

/** Frees the heads and the clean network, not the model. */
export function disposeTrainingState(state: TrainingState): void {
  state.clean?.dispose();
  for (const tensor of [...state.headParameters.values(), ...[...state.learned.values()].flatMap(tensorsOf)]) {
    tensor.dispose();
  }
}

/** What is learned of a layer, before the first step. */
function learnedLayer({ range, outputs }: LearnableLayer): LearnedLayer {
  return {
    range: range === undefined ? undefined : parameter([range], [1]),
    scales: parameter(new Float32Array(outputs).fill(1), [outputs]),
  };
}

const tensorsOf = ({ range, scales }: LearnedLayer): Tensor[] => (range === undefined ? [scales] : [range, scales]);

/** What was learned so far, with the measured ranges of everything else; undefined if nothing is learned. */
export function calibrationOf({ learned }: TrainingState, ranges: Ranges | undefined): Calibration | undefined {
  if (learned.size === 0) return undefined;
  const all = Object.entries(ranges ?? {}).map(([layer, own]): [string, LayerRanges] => {
    const range = learned.get(layer)?.range;
    return [layer, range === undefined ? own : { ...own, inputs: { ...own.inputs, range: Math.max(0, range.item()) } }];
  });
  const scales = [...learned].map(([layer, own]) => [layer, [...own.scales.floats()]] as const);
  return { ...(ranges && { ranges: Object.fromEntries(all) }), scales: Object.fromEntries(scales) };
}

/** The backends of a step's forward passes. */
interface StepBackends {
  of(request: ForwardRequest): ForwardBackends;
  /** Frees the chips; call it after the backward pass. */
  dispose(): void;
}

/**
 * Makes the backends of a step's forward passes. All shards of a step use the same chips. With `perSample`, each sample has its own draw,
 * by its position in the batch, so that draws don't depend on the shards.
 */
function stepBackends(
  { settings, learned, layers }: Pick<TrainingState, "settings" | "learned" | "layers">,
  job: Pick<ShardJob, "step" | "first" | "ranges"> & { readonly purpose?: string },
): StepBackends {
  const { seed, strategy, time: time_s } = settings;
  const chips: Chip[] = [];
  const backend = (spec: ChipSpec, draw: number): ArrayBackend => {
    const own = { seed, purpose: job.purpose ?? purposes.trainingVariation, index: draw, step: job.step };
    if (!isDetailed(spec)) return variationBackend(spec, { ...own, firstSample: job.first });
    // Weights may change between the passes of a step.
    const chip = new Chip(spec, own, { ranges: job.ranges }, layers.withOwnWeights());
    chips.push(chip);
    return chip.backend({
      time_s,
      firstSample: job.first,
      trains: true,
      learned: (layer) => learned.get(layer),
    });
  };
  const { weightBits, bitsPerCell, perSample } = settings;
  return {
    of: ({ sigma, draw }) => ({
      network: backend(chipOf(settings, sigma), draw),
      // Heads aren't on the chip. As in the reference implementation, they vary like the uniform device.
      heads: backend(
        withSigma(weightChip({ device: rram1, weightBits, bitsPerCell, perSample }), strategy.headSigma ?? sigma),
        draw,
      ),
    }),
    dispose: () => {
      for (const chip of chips) chip.dispose();
    },
  };
}

/** Computes loss, gradients and batch statistics of one shard. The same job gives the same result, bit for bit, on every worker. */
export function shardGradients(state: TrainingState, job: ShardJob): ShardResult {
  const { settings, sharedBuffers, trained } = state;
  const weights = job.weights ?? sharedBuffers?.weights;
  if (weights) writeWeights(trained, weights);
  const kept = state.gradients.get(job.shard) ?? weightsLike(trained);
  state.gradients.set(job.shard, kept);
  const count = job.indices.length;
  const size = settings.fixedBatch ?? count;
  if (size === count) return { count, ...runGradients(state, job, kept), gradients: kept };
  const own = weightsLike(trained);
  const runs = count / size;
  const results = Array.from({ length: runs }, (_, run) => {
    const at = run * size;
    const part = { ...job, indices: job.indices.slice(at, at + size), first: job.first + at };
    const result = runGradients(state, part, own, { run, runs });
    addShare(kept, own, 1 / runs, run === 0);
    return result;
  });
  return {
    count,
    loss: results.reduce((sum, { loss }) => sum + loss / runs, 0),
    gradients: kept,
    statistics: results.flatMap(({ statistics }) => statistics),
    // Every run takes the same passes, each of its own samples.
    passes: results[0]!.passes,
  };
}

/** Adds `share` times `values` to `sums`; the first time, replaces them. */
function addShare(sums: Weights, values: Weights, share: number, isFirst: boolean): void {
  for (const [i, sum] of sums.entries()) {
    const own = values[i]!;
    for (let j = 0; j < sum.length; j++) sum[j] = (isFirst ? 0 : sum[j]!) + share * own[j]!;
  }
}

/** Computes loss and batch statistics of one run of a shard's samples, and writes the gradients to `gradients`. */
function runGradients(
  state: TrainingState,
  job: ShardJob,
  gradients: Weights,
  { run: index, runs } = { run: 0, runs: 1 },
): Pick<ShardResult, "loss" | "statistics" | "passes"> {
  const { model, data, settings, strategy, terms, headParameters, trained, weights } = state;
  const { seed, logits, heads, sigma, batchNorm, frozenNorms, target, length } = settings;
  const backends = stepBackends(state, job);
  try {
    return scope(() => gradientsOfStep(backends));
  } finally {
    backends.dispose();
  }

  function gradientsOfStep(chips: StepBackends) {
    const x = samplesOf(state, job.indices);
    const teacher = teacherOutputs(state, x);
    const { loss, statistics, passes } = strategyLoss({
      model,
      logits,
      outputs: target?.values ?? [logits],
      clean: target ? teacher!.map((values, i) => ({ values, power: job.powers![i]! })) : [],
      teacher,
      terms,
      strategy,
      heads,
      headParameters,
      weights,
      position: positionBefore(length ?? { perEpoch: 1, steps: 1 }, job.step),
      firstSample: job.first,
      seed,
      sigma,
      batchNorm,
      frozenNorms: new Set(frozenNorms),
      x,
      labels: target ? new Int32Array(0) : gatherLabels(data, job.indices),
      backends: chips.of,
      dropout: ({ draw }) => ({
        seed,
        step: ((job.step * job.shards + job.shard) * runs + index) * maxForwards + draw,
      }),
    });
    const value = loss.item();
    readWeights(backward(loss, trained), gradients);
    const { forward, backward: backwards } = passes();
    return { loss: value, statistics, passes: { forward: forward + (teacher ? 1 : 0), backward: backwards } };
  }
}

/** Samples of a run of the network, in the current scope. */
function samplesOf(
  { model, data, settings: { target, normalisation } }: TrainingState,
  indices: Uint32Array,
): Tensor | Readonly<Record<string, Tensor>> {
  const { shape, dtype } = model.inputs[0]!;
  return target ? gatherInputs(target.inputs, indices) : batchTensor(data, indices, normalisation, shape, dtype);
}

/**
 * Batch statistics of samples on a chip at the run's σ, as a training step's first pass has them, but for the purpose of the draw.
 * @param index  Number of the chip.
 */
export function noisyStatistics(
  state: TrainingState,
  indices: Uint32Array,
  index: number,
  ranges: Ranges | undefined,
): BatchStatistics[] {
  const { model, settings } = state;
  const { logits, target, frozenNorms, fixedBatch = indices.length, sigma } = settings;
  const statistics: BatchStatistics[] = [];
  const backends = stepBackends(state, { step: 0, first: 0, ranges, purpose: purposes.recalibration });
  try {
    const { network } = backends.of({ sigma, draw: index });
    for (let at = 0; at < indices.length; at += fixedBatch) {
      const options = { backend: network, batchNorm: "batch", frozenNorms: new Set(frozenNorms) } as const;
      const outputs = target?.values ?? [logits];
      scope(() => {
        const x = samplesOf(state, indices.slice(at, at + fixedBatch));
        statistics.push(...noGrad(() => run(model, x, { ...options, outputs })).statistics);
      });
    }
    return statistics;
  } finally {
    backends.dispose();
  }
}

/** Outputs of the network before finetuning, if the run reads them. */
function teacherOutputs(
  { clean, settings: { target, logits } }: TrainingState,
  x: Tensor | Readonly<Record<string, Tensor>>,
): Tensor[] | undefined {
  if (clean === undefined) return undefined;
  const values = target?.values ?? [logits];
  const { outputs } = noGrad(() => run(clean, x, { outputs: values }));
  return values.map((name) => outputs.get(name)!);
}
