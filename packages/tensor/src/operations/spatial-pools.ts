import { shapeText } from "../shape.js";
import { type Tensor, tensor } from "../tensor.js";
import { outputSize, type WindowAxis } from "../window.js";
import { mul } from "./arithmetic.js";
import { axisTable, mapAxis } from "./axis-table.js";
import { takeElements } from "./elements.js";
import { abs, exp, log, scale, sqrt, square } from "./elementwise.js";
import { reshape } from "./layout.js";
import { columnMajor, insideOf, maxPoolPositions, poolAxes, type SpatialPoolAttributes } from "./max-positions.js";
import { avgPool2d, maxPool2d } from "./pooling.js";
import { reduceMax, reduceSum } from "./reductions.js";

/** Whether a pool over one or two axes can run on the kernels for images; attributes for two axes. */
function asImage(x: Tensor, { kernel, strides, pads, dilations, ceilMode }: SpatialPoolAttributes) {
  const rank = x.shape.length - 2;
  if (rank > 2) return undefined;
  const two = (list: readonly number[] | undefined, fallback: number) =>
    (rank === 2 ? (list ?? [fallback, fallback]) : [fallback, list?.[0] ?? fallback]) as unknown as readonly [
      number,
      number,
    ];
  const [before, after] = [two(pads?.slice(0, rank), 0), two(pads?.slice(rank), 0)];
  return {
    image: rank === 2 ? x : reshape(x, [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!]),
    window: {
      kernel: two(kernel, 1),
      strides: two(strides, 1),
      pads: [...before, ...after] as unknown as readonly [number, number, number, number],
      dilations: two(dilations, 1),
      ceilMode: ceilMode ?? false,
    },
    back: (y: Tensor): Tensor => (rank === 2 ? y : reshape(y, [y.shape[0]!, y.shape[1]!, y.shape[3]!])),
  };
}

/** Attributes of {@link maxPoolIndices}. */
export interface MaxPoolIndicesAttributes extends SpatialPoolAttributes {
  /** Count the elements of a plane row by row, or column by column. Default: "row". */
  readonly order?: "row" | "column";
}

/**
 * Maximum of each window over any number of axes; padding is ignored. The gradient goes to the first maximum of a window.
 *
 * @param x  [n, c, ..].
 * @throws {RangeError} when the window doesn't fit the input, or could cover padding only.
 */
export function maxPool(x: Tensor, attributes: SpatialPoolAttributes): Tensor {
  poolAxes("maxPool", x.shape, attributes);
  const two = asImage(x, attributes);
  if (two) return two.back(maxPool2d(two.image, two.window));
  return takeElements(x, maxPoolPositions("maxPool", x.values(), x.shape, attributes));
}

/** {@link maxPool}, and the position of each maximum in the whole of x (i64, of the shape of y). */
export function maxPoolWithIndices(
  x: Tensor,
  attributes: MaxPoolIndicesAttributes,
): { readonly y: Tensor; readonly indices: Tensor } {
  const found = maxPoolPositions("maxPool", x.values(), x.shape, attributes);
  const indices = attributes.order === "column" ? columnMajor(found.positions, x.shape) : found.positions;
  return { y: takeElements(x, found), indices: tensor(indices, found.shape, "i64") };
}

/** Attributes of {@link avgPool}. */
export interface SpatialAveragePoolAttributes extends SpatialPoolAttributes {
  /** Count padding in the divisor of the mean. Default: false. */
  readonly countIncludePad?: boolean;
}

/** Applies a sum over windows along each spatial axis; `weight` gives the factor of a window along one axis. */
function windowSums(
  x: Tensor,
  axes: readonly WindowAxis[],
  ceilMode: boolean | undefined,
  weight: (axis: WindowAxis, window: number, count: number) => number,
): Tensor {
  return axes.reduce((y, axis, i) => {
    const table = axisTable(axis.size, outputSize(axis, ceilMode), (o) => {
      const [first, count] = insideOf(axis, o);
      const factor = weight(axis, o, count);
      return Array.from({ length: count }, (_, k) => ({ position: first + k * axis.dilation, weight: factor }));
    });
    return mapAxis(y, i + 2, table);
  }, x);
}

/**
 * Mean of each window over any number of axes.
 *
 * @param x  [n, c, ..].
 * @throws {RangeError} when the window doesn't fit the input, or could cover padding only.
 */
export function avgPool(x: Tensor, attributes: SpatialAveragePoolAttributes): Tensor {
  const axes = poolAxes("avgPool", x.shape, attributes);
  const { countIncludePad = false, ceilMode } = attributes;
  const two = axes.every(({ dilation }) => dilation === 1) ? asImage(x, attributes) : undefined;
  if (two) return two.back(avgPool2d(two.image, { ...two.window, countIncludePad }));
  // The number of elements of a window is the product of those along its axes, so the mean is one of means.
  return windowSums(x, axes, ceilMode, ({ size, kernel, stride, dilation, before, after }, window, count) => {
    if (!countIncludePad) return 1 / count;
    const room = size + before + after - window * stride;
    return 1 / Math.min(kernel, Math.ceil(room / dilation));
  });
}

/** Attributes of {@link lpPool}. */
export interface LpPoolAttributes extends SpatialPoolAttributes {
  /** Order of the norm, a whole number ≥ 1. Default: 2. */
  readonly p?: number;
}

/** |x|^p for a whole p ≥ 1. */
function power(x: Tensor, p: number): Tensor {
  let y = p % 2 === 1 ? abs(x) : square(x);
  for (let i = p % 2 === 1 ? 1 : 2; i < p; i += 2) y = mul(y, square(x));
  return y;
}

/** x^(1/p) for x ≥ 0. */
const root = (x: Tensor, p: number): Tensor => (p === 1 ? x : p === 2 ? sqrt(x) : exp(scale(log(x), 1 / p)));

/** @throws {RangeError} unless p is a whole number from 1 to 64. */
function checkOrder(who: string, p: number): void {
  if (!(Number.isInteger(p) && p >= 1 && p <= 64)) throw new RangeError(`${who}: expected p from 1 to 64, got ${p}`);
}

/** p-norm of each window, (Σ|x|^p)^(1/p); padding counts as 0. @throws {RangeError} when the window doesn't fit, or for another p. */
export function lpPool(x: Tensor, attributes: LpPoolAttributes): Tensor {
  const { p = 2, ceilMode } = attributes;
  checkOrder("lpPool", p);
  const axes = poolAxes("lpPool", x.shape, attributes);
  return root(
    windowSums(power(x, p), axes, ceilMode, () => 1),
    p,
  );
}

/** The spatial axes of x, [n, c, ..]. @throws {RangeError} for fewer axes. */
function spatialAxes(who: string, { shape }: Tensor): number[] {
  if (shape.length < 2) throw new RangeError(`${who}: expected an input [n, c, ..], got ${shapeText(shape)}`);
  return shape.map((_, i) => i).slice(2);
}

/** Maximum of each plane: [n, c, ..] → [n, c, 1, ..]. */
export const globalMaxPool = (x: Tensor): Tensor =>
  reduceMax(x, { axes: spatialAxes("globalMaxPool", x), keepDims: true });

/** p-norm of each plane: [n, c, ..] → [n, c, 1, ..]. @throws {RangeError} unless p is a whole number ≥ 1. */
export function globalLpPool(x: Tensor, { p = 2 }: { readonly p?: number } = {}): Tensor {
  checkOrder("globalLpPool", p);
  return root(reduceSum(power(x, p), { axes: spatialAxes("globalLpPool", x), keepDims: true }), p);
}
