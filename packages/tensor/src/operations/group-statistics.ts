import { axisOf, type Shape, shapeText, sizeOf } from "../shape.js";
import { full, type Tensor } from "../tensor.js";
import { add, div, mul, sub } from "./arithmetic.js";
import { shift, sqrt, square } from "./elementwise.js";
import { expand, reshape } from "./layout.js";
import { batchNormTrain } from "./normalisation.js";
import { reduceMean } from "./reductions.js";

/**
 * Normalises each row of x, [rows, ..], to mean 0 and variance 1. Gradients flow through the statistics.
 *
 * @param vectors  Factor and offset of each row. Default: 1 and 0.
 */
function standardise(
  x: Tensor,
  rows: number,
  epsilon: number,
  [scale, bias]: readonly [Tensor, Tensor] = [full([rows], 1), full([rows], 0)],
): Tensor {
  if (x.size === 0) return x;
  // The kernel of batch norms, with the rows as the channels of one sample.
  const channels = reshape(x, [1, rows, x.size / rows]);
  return reshape(batchNormTrain(channels, scale, bias, { epsilon }).output, x.shape);
}

/** @throws {RangeError} unless a vector has one element per channel. */
function checkChannels(who: string, { shape }: Tensor, channels: number): void {
  if (shape.length !== 1 || shape[0] !== channels) {
    throw new RangeError(`${who}: expected shape [${channels}], got ${shapeText(shape)}`);
  }
}

/** y·scale + bias, with the vectors along axis 1 of y. @throws {RangeError} unless they have its size. */
function perChannel(who: string, y: Tensor, vectors: Readonly<Record<"scale" | "bias", Tensor>>): Tensor {
  const channels = y.shape[1]!;
  const [factor, offset] = Object.entries(vectors).map(([name, vector]) => {
    checkChannels(`${who}: ${name}`, vector, channels);
    return reshape(vector, [channels, ...y.shape.slice(2).map(() => 1)]);
  }) as [Tensor, Tensor];
  return add(mul(y, factor), offset);
}

/** @throws {RangeError} unless x is [n, c, ..]. */
function checkImages(who: string, x: Tensor): void {
  if (x.shape.length < 2) throw new RangeError(`${who}: expected an input [n, c, ..], got ${shapeText(x.shape)}`);
}

/** Attributes of {@link layerNormalization} and {@link rmsNormalization}. */
export interface LayerNormalizationAttributes {
  /** First normalised axis; the ones after it are normalised together with it. Default: −1. */
  readonly axis?: number;
  /** Added to the variance. Default: 1e-5. */
  readonly epsilon?: number;
}

/** y = (x − mean)/√(variance + epsilon)·scale + bias, with the statistics of the axes from `axis` on. */
export function layerNormalization(
  x: Tensor,
  scale: Tensor,
  bias: Tensor | undefined,
  { axis = -1, epsilon = 1e-5 }: LayerNormalizationAttributes = {},
): Tensor {
  const rows = sizeOf(x.shape.slice(0, axisOf("layerNormalization", axis, x.shape.length)));
  const y = mul(standardise(x, rows, epsilon), checkedVector("layerNormalization: scale", scale, x.shape));
  return bias ? add(y, checkedVector("layerNormalization: bias", bias, x.shape)) : y;
}

/** A tensor that broadcasts to a shape. @throws {RangeError} when it would enlarge it. */
function checkedVector(who: string, vector: Tensor, shape: Shape): Tensor {
  const from = shape.length - vector.shape.length;
  if (from < 0 || vector.shape.some((dim, i) => dim !== 1 && dim !== shape[from + i])) {
    throw new RangeError(
      `${who}: expected a shape that broadcasts to ${shapeText(shape)}, got ${shapeText(vector.shape)}`,
    );
  }
  return vector;
}

/** The axes from `axis` on. */
const trailing = (who: string, { shape }: Tensor, axis: number): number[] =>
  shape.map((_, i) => i).slice(axisOf(who, axis, shape.length));

/** The statistics that {@link layerNormalization} uses, with normalised axes of size 1: mean and 1/√(variance + epsilon). */
export function layerStatistics(
  x: Tensor,
  { axis = -1, epsilon = 1e-5 }: LayerNormalizationAttributes = {},
): { readonly mean: Tensor; readonly invStdDev: Tensor } {
  const axes = trailing("layerStatistics", x, axis);
  const mean = reduceMean(x, { axes, keepDims: true });
  const variance = reduceMean(square(sub(x, mean)), { axes, keepDims: true });
  return { mean, invStdDev: div(full([], 1), sqrt(shift(variance, epsilon))) };
}

/** y = x/√(mean of x² + epsilon)·scale, with the mean over the axes from `axis` on. */
export function rmsNormalization(
  x: Tensor,
  scale: Tensor,
  { axis = -1, epsilon = 1e-5 }: LayerNormalizationAttributes = {},
): Tensor {
  const axes = trailing("rmsNormalization", x, axis);
  const rms = sqrt(shift(reduceMean(square(x), { axes, keepDims: true }), epsilon));
  return mul(div(x, rms), checkedVector("rmsNormalization: scale", scale, x.shape));
}

/**
 * Normalises each channel of each sample over its pixels: y = (x − mean)/√(variance + epsilon)·scale + bias.
 *
 * @param x      [n, c, ..].
 * @param scale  [c].
 * @param bias   [c].
 * @param epsilon  Default: 1e-5.
 * @throws {RangeError} when shapes don't match.
 */
export function instanceNormalization(
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  { epsilon = 1e-5 }: { readonly epsilon?: number } = {},
): Tensor {
  checkImages("instanceNormalization", x);
  const [n, c] = x.shape as [number, number];
  const vectors = Object.entries({ scale, bias }).map(([name, vector]) => {
    checkChannels(`instanceNormalization: ${name}`, vector, c);
    return reshape(expand(vector, [n, c]), [n * c]);
  }) as [Tensor, Tensor];
  return standardise(x, n * c, epsilon, vectors);
}

/** Attributes of {@link groupNormalization}. */
export interface GroupNormalizationAttributes {
  /** Number of groups of channels; it divides the number of channels. */
  readonly groups: number;
  /** Default: 1e-5. */
  readonly epsilon?: number;
}

/**
 * Normalises each group of channels of each sample: y = (x − mean)/√(variance + epsilon)·scale + bias.
 *
 * @param x      [n, c, ..].
 * @param scale  [c], or [groups] as in ONNX before version 21.
 * @param bias   As the scale.
 * @throws {RangeError} when shapes don't match, or the number of groups doesn't divide that of the channels.
 */
export function groupNormalization(
  x: Tensor,
  scale: Tensor,
  bias: Tensor,
  { groups, epsilon = 1e-5 }: GroupNormalizationAttributes,
): Tensor {
  checkImages("groupNormalization", x);
  const [n, c] = x.shape as [number, number];
  if (!(Number.isInteger(groups) && groups > 0 && c % groups === 0)) {
    throw new RangeError(`groupNormalization: expected a number of groups that divides ${c} channels, got ${groups}`);
  }
  const channels = (vector: Tensor): Tensor =>
    vector.size === groups && groups !== c
      ? reshape(expand(reshape(vector, [groups, 1]), [groups, c / groups]), [c])
      : vector;
  const y = standardise(x, n * groups, epsilon);
  return perChannel("groupNormalization", y, { scale: channels(scale), bias: channels(bias) });
}

/** y = (x − mean)/(√variance + 1e-9), with the statistics over the axes. Default axes: 0, 2, 3. */
export function meanVarianceNormalization(
  x: Tensor,
  { axes = [0, 2, 3] }: { readonly axes?: readonly number[] } = {},
): Tensor {
  const centred = sub(x, reduceMean(x, { axes, keepDims: true }));
  const deviation = sqrt(reduceMean(square(centred), { axes, keepDims: true }));
  return div(centred, shift(deviation, 1e-9));
}
