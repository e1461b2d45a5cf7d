import { call, f32, type NormShape, wasm } from "@neft/kernels";
import { type Context, defineOp, type Inputs, type SampleInput } from "../operation.js";
import { type Shape, shapeText, sizeOf } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";

/** x as [samples, channels, values of a channel in a sample]. */
function normShape(shape: Shape): NormShape {
  return { n: shape[0]!, c: shape[1]!, spatial: sizeOf(shape.slice(2)) };
}

function checkVectors(who: string, x: Tensor, vectors: Readonly<Record<string, Tensor>>): number[] {
  if (x.shape.length < 2) throw new RangeError(`${who}: expected an input [n, c, ..], got ${shapeText(x.shape)}`);
  for (const [name, { shape }] of Object.entries(vectors)) {
    if (shape.length !== 1 || shape[0] !== x.shape[1]) {
      throw new RangeError(`${who}: ${name}: expected shape [${x.shape[1]}], got ${shapeText(shape)}`);
    }
  }
  return [...x.shape];
}

/** dx, dgamma and dbeta in one go: the first needs the sums the others are. */
function gradients<I extends Inputs, A>(
  dy: Tensor,
  context: Context<I, A>,
  [x, gamma, mean, variance]: readonly [Tensor, Tensor, Tensor, Tensor],
  epsilon: number,
  isFrozen: boolean,
): readonly Tensor[] {
  return context.once("gradients", () => {
    const [dx, dgamma, dbeta] = [empty(x.shape), empty(gamma.shape), empty(gamma.shape)];
    const operands = { x: x.ptr, dy: dy.ptr, gamma: gamma.ptr, mean: mean.ptr, variance: variance.ptr };
    const results = { dx: dx.ptr, dgamma: dgamma.ptr, dbeta: dbeta.ptr };
    const shape = normShape(x.shape);
    wasm().batchNormGradient(call.batchNormGradient({ ...operands, ...results, epsilon, frozen: isFrozen, shape }));
    return [dx, dgamma, dbeta];
  });
}

const positive = (...shape: number[]): SampleInput => ({ shape, values: "positive" });

type Frozen = [x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor];

const frozenGradients = (dy: Tensor, context: Context<Frozen, { readonly epsilon: number }>): readonly Tensor[] => {
  const [x, gamma, , mean, variance] = context.inputs;
  return gradients(dy, context, [x, gamma, mean, variance], context.attributes.epsilon, true);
};

export const batchNormRow = defineOp<Frozen, { readonly epsilon: number }>({
  name: "batchNorm",
  shape: ([x, gamma, beta, mean, variance]) => checkVectors("batchNorm", x, { gamma, beta, mean, variance }),
  forward: ([x, gamma, beta, mean, variance], { epsilon }, y) => {
    const operands = { x: x.ptr, gamma: gamma.ptr, beta: beta.ptr, mean: mean.ptr, variance: variance.ptr, y: y.ptr };
    wasm().batchNorm(call.batchNorm({ ...operands, epsilon, shape: normShape(x.shape) }));
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
  samples: [
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

/** Settings of {@link batchNorm}. */
export interface BatchNormAttributes {
  /** Mean of every channel, [c]. */
  readonly mean: Tensor;
  /** Variance of every channel, [c]. */
  readonly variance: Tensor;
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number;
}

/**
 * y = (x − mean)/√(variance + epsilon)·gamma + beta with frozen statistics, through which no gradient flows.
 * x [n, c, ..], the others [c].
 */
export function batchNorm(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { mean, variance, epsilon = 1e-5 }: BatchNormAttributes,
): Tensor {
  return batchNormRow(x, gamma, beta, mean, variance, { epsilon });
}

/** Statistics of one batch. */
export interface BatchStatistics {
  /** Mean of every channel. */
  readonly mean: Float32Array;
  /** Biased variance (divisor: count) of every channel. */
  readonly variance: Float32Array;
  /** Values a channel. */
  readonly count: number;
}

interface TrainAttributes {
  readonly epsilon: number;
  /** Receives the statistics. */
  readonly statistics?: BatchStatistics;
}

type Train = [x: Tensor, gamma: Tensor, beta: Tensor];

const trainGradients = (dy: Tensor, context: Context<Train, TrainAttributes>): readonly Tensor[] => {
  const [x, gamma] = context.inputs;
  const [mean, variance] = context.saved as readonly [Tensor, Tensor];
  return gradients(dy, context, [x, gamma, mean, variance], context.attributes.epsilon, false);
};

export const batchNormTrainRow = defineOp<Train, TrainAttributes>({
  name: "batchNormTrain",
  shape: ([x, gamma, beta]) => checkVectors("batchNormTrain", x, { gamma, beta }),
  saved: ([, gamma]) => [gamma.shape, gamma.shape],
  forward: ([x, gamma, beta], { epsilon, statistics }, y, saved) => {
    const [mean, variance] = saved.length === 2 ? saved : [empty(gamma.shape), empty(gamma.shape)];
    const operands = { x: x.ptr, gamma: gamma.ptr, beta: beta.ptr, mean: mean!.ptr, variance: variance!.ptr, y: y.ptr };
    wasm().batchNormTrain(call.batchNorm({ ...operands, epsilon, shape: normShape(x.shape) }));
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
  samples: [
    { inputs: [{ shape: [3, 2, 5] }, { shape: [2] }, { shape: [2] }], attributes: { epsilon: 1e-5 } },
    { inputs: [{ shape: [5, 3] }, { shape: [3] }, { shape: [3] }], attributes: { epsilon: 1e-3 } },
    { inputs: [{ shape: [2, 3, 3, 3] }, { shape: [3] }, { shape: [3] }], attributes: { epsilon: 1e-5 } },
  ],
});

/**
 * Batch normalisation with the batch's own statistics, gradients flowing through them. x [n, c, ..], gamma and beta [c].
 *
 * @returns the output and the statistics, for the running ones.
 * @throws {RangeError} for an empty batch, which has none.
 */
export function batchNormTrain(
  x: Tensor,
  gamma: Tensor,
  beta: Tensor,
  { epsilon = 1e-5 }: { readonly epsilon?: number } = {},
): { readonly output: Tensor; readonly statistics: BatchStatistics } {
  const [c, count] = [gamma.size, x.size / Math.max(gamma.size, 1)];
  if (x.size === 0)
    throw new RangeError(`batchNormTrain: expected at least one value a channel, got ${shapeText(x.shape)}`);
  const statistics = { mean: new Float32Array(c), variance: new Float32Array(c), count };
  return { output: batchNormTrainRow(x, gamma, beta, { epsilon, statistics }), statistics };
}
