import { call, f32, type NormShape, wasm } from "@neft/kernels";
import { type BackwardContext, defineOp, type ExampleInput, type Inputs } from "../operation.js";
import { type Shape, shapeText, sizeOf } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";

/** Shape of x with its spatial axes merged: [samples, channels, values per channel of a sample]. */
function normShape(shape: Shape): NormShape {
  return { n: shape[0]!, c: shape[1]!, spatial: sizeOf(shape.slice(2)) };
}

/** Shape of the output, that of x. @throws {RangeError} unless x is [n, c, ..] and the vectors are [c]. */
function checkVectors(who: string, x: Tensor, vectors: Readonly<Record<string, Tensor>>): number[] {
  if (x.shape.length < 2) throw new RangeError(`${who}: expected an input [n, c, ..], got ${shapeText(x.shape)}`);
  for (const [name, { shape }] of Object.entries(vectors)) {
    if (shape.length !== 1 || shape[0] !== x.shape[1]) {
      throw new RangeError(`${who}: ${name}: expected shape [${x.shape[1]}], got ${shapeText(shape)}`);
    }
  }
  return [...x.shape];
}

/**
 * dx, dgamma and dbeta, computed together once per node: dx needs the sums that dgamma and dbeta are.
 *
 * @param isFrozen  The statistics are constants; otherwise they depend on x.
 */
function gradients<I extends Inputs, A>(
  dy: Tensor,
  context: BackwardContext<I, A>,
  [x, gamma, mean, variance]: readonly [Tensor, Tensor, Tensor, Tensor],
  epsilon: number,
  isFrozen: boolean,
): readonly Tensor[] {
  return context.once("gradients", () => {
    const [dx, dgamma, dbeta] = [empty(x.shape), empty(gamma.shape), empty(gamma.shape)];
    const fields = call.batchNormGradient({
      x: x.ptr,
      dy: dy.ptr,
      gamma: gamma.ptr,
      mean: mean.ptr,
      variance: variance.ptr,
      dx: dx.ptr,
      dgamma: dgamma.ptr,
      dbeta: dbeta.ptr,
      epsilon,
      frozen: isFrozen,
      shape: normShape(x.shape),
    });
    wasm().batchNormGradient(fields);
    return [dx, dgamma, dbeta];
  });
}

const positive = (...shape: number[]): ExampleInput => ({ shape, values: "positive" });

type Frozen = [x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor];

/** Descriptor of a forward kernel. */
function callFields([x, gamma, beta, mean, variance]: Frozen, y: Tensor, epsilon: number): number {
  return call.batchNorm({
    x: x.ptr,
    gamma: gamma.ptr,
    beta: beta.ptr,
    mean: mean.ptr,
    variance: variance.ptr,
    y: y.ptr,
    epsilon,
    shape: normShape(x.shape),
  });
}

/** dx, dgamma and dbeta of {@link batchNorm}. */
const frozenGradients = (
  dy: Tensor,
  context: BackwardContext<Frozen, { readonly epsilon: number }>,
): readonly Tensor[] => {
  const [x, gamma, , mean, variance] = context.inputs;
  return gradients(dy, context, [x, gamma, mean, variance], context.attributes.epsilon, true);
};

/** The operation of {@link batchNorm}. */
export const batchNormOp = defineOp<Frozen, { readonly epsilon: number }>({
  name: "batchNorm",
  shape: ([x, gamma, beta, mean, variance]) => checkVectors("batchNorm", x, { gamma, beta, mean, variance }),
  forward: ([x, gamma, beta, mean, variance], { epsilon }, y) => {
    wasm().batchNorm(callFields([x, gamma, beta, mean, variance], y, epsilon));
  },
  vjp: [
    (dy, context) => frozenGradients(dy, context)[0]!,
    (dy, context) => frozenGradients(dy, context)[1]!,
    (dy, context) => frozenGradients(dy, context)[2]!,
    // The statistics are frozen.
    null,
    null,
  ],
  keeps: [0, 1, 3, 4],
  examples: [
    {
      inputs: [{ shape: [2, 3, 5] }, { shape: [3] }, { shape: [3] }, { shape: [3] }, positive(3)],
      attributes: { epsilon: 1e-5 },
    },
    {
      inputs: [{ shape: [5, 3] }, { shape: [3] }, { shape: [3] }, { shape: [3] }, positive(3)],
      attributes: { epsilon: 0.01 },
    },
  ],
});

/** Attributes of {@link batchNorm}. */
export interface BatchNormAttributes {
  /** Mean of each channel, [c]. */
  readonly mean: Tensor;
  /** Variance of each channel, [c]. */
  readonly variance: Tensor;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

/**
 * Batch normalisation with given statistics: y = (x − mean)/√(variance + epsilon)·gamma + beta. The statistics get no gradient.
 *
 * @param x      [n, c, ..], the shape of y.
 * @param gamma  [c].
 * @param beta   [c].
 * @throws {RangeError} when shapes don't match.
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { mean, variance, epsilon = 1e-5 }: BatchNormAttributes,
): Tensor {
  return batchNormOp(x, gamma, beta, mean, variance, { epsilon });
}

/** Statistics of one batch by channel. */
export interface ChannelStatistics {
  /** Mean of each channel. */
  readonly mean: Float32Array;
  /** Biased variance (divisor: count) of each channel. */
  readonly variance: Float32Array;
  /** Number of values per channel. */
  readonly count: number;
}

/** Attributes of the operation of {@link batchNormTrain}. */
interface TrainAttributes {
  readonly epsilon: number;
  /** Overwritten with the statistics. Default: they aren't reported. */
  readonly statistics?: ChannelStatistics;
}

type Train = [x: Tensor, gamma: Tensor, beta: Tensor];

/** dx, dgamma and dbeta of {@link batchNormTrain}. */
const trainGradients = (dy: Tensor, context: BackwardContext<Train, TrainAttributes>): readonly Tensor[] => {
  const [x, gamma] = context.inputs;
  const [mean, variance] = context.saved as readonly [Tensor, Tensor];
  return gradients(dy, context, [x, gamma, mean, variance], context.attributes.epsilon, false);
};

/** The operation of {@link batchNormTrain}. */
export const batchNormTrainOp = defineOp<Train, TrainAttributes>({
  name: "batchNormTrain",
  shape: ([x, gamma, beta]) => checkVectors("batchNormTrain", x, { gamma, beta }),
  saved: ([, gamma]) => [gamma.shape, gamma.shape],
  forward: ([x, gamma, beta], { epsilon, statistics }, y, saved) => {
    const [mean, variance] = saved.length === 2 ? saved : [empty(gamma.shape), empty(gamma.shape)];
    wasm().batchNormTrain(callFields([x, gamma, beta, mean!, variance!], y, epsilon));
    statistics?.mean.set(f32(mean!.ptr, gamma.size));
    statistics?.variance.set(f32(variance!.ptr, gamma.size));
    if (saved.length === 0) for (const tensor of [mean!, variance!]) tensor.dispose();
  },
  vjp: [
    (dy, context) => trainGradients(dy, context)[0]!,
    (dy, context) => trainGradients(dy, context)[1]!,
    (dy, context) => trainGradients(dy, context)[2]!,
  ],
  keeps: [0, 1],
  examples: [
    { inputs: [{ shape: [3, 2, 5] }, { shape: [2] }, { shape: [2] }], attributes: { epsilon: 1e-5 } },
    { inputs: [{ shape: [5, 3] }, { shape: [3] }, { shape: [3] }], attributes: { epsilon: 1e-3 } },
    { inputs: [{ shape: [2, 3, 3, 3] }, { shape: [3] }, { shape: [3] }], attributes: { epsilon: 1e-5 } },
  ],
});

/**
 * Batch normalisation with the statistics of x, as in training: y = (x − mean)/√(variance + epsilon)·gamma + beta. Gradients flow
 * through the statistics.
 *
 * @param x        [n, c, ..], the shape of the output.
 * @param gamma    [c].
 * @param beta     [c].
 * @param epsilon  Default: 1e-5.
 * @returns the output, and the statistics to update running ones with.
 * @throws {RangeError} when shapes don't match or x is empty.
 */
export function batchNormTrain(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-5 }: { readonly epsilon?: number } = {},
): { readonly output: Tensor; readonly statistics: ChannelStatistics } {
  const [c, count] = [gamma.size, x.size / Math.max(gamma.size, 1)];
  if (x.size === 0)
    throw new RangeError(`batchNormTrain: expected at least one value per channel, got ${shapeText(x.shape)}`);
  const statistics = { mean: new Float32Array(c), variance: new Float32Array(c), count };
  return { output: batchNormTrainOp(x, gamma, beta, { epsilon, statistics }), statistics };
}
