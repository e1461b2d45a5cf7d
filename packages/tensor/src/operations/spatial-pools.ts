import type { TensorData } from "../dtype.js";
import { type Shape, shapeText, splitAt, stridesOf } from "../shape.js";
import { type Tensor, tensor } from "../tensor.js";
import { checkPoolPads, outputSize, type WindowAxis, windowAxes } from "../window.js";
import { mul } from "./arithmetic.js";
import { axisTable, mapAxis } from "./axis-table.js";
import { checkedSize, type Positions } from "./element-positions.js";
import { placeElements, takeElements } from "./elements.js";
import { abs, exp, log, scale, sqrt, square } from "./elementwise.js";
import { pad } from "./indexing.js";
import { reshape } from "./layout.js";
import { avgPool2d, maxPool2d } from "./pooling.js";
import { reduceMax, reduceSum } from "./reductions.js";

/** Window of a pool over any number of axes; lists have one number per spatial axis. */
export interface SpatialPoolAttributes {
  readonly kernel: readonly number[];
  /** Default: 1. */
  readonly strides?: readonly number[];
  /** Elements before each axis, then after each axis. Default: 0. */
  readonly pads?: readonly number[];
  /** Default: 1. */
  readonly dilations?: readonly number[];
  /** Also count a last window that extends past the padded input, if it starts before the trailing padding. Default: false. */
  readonly ceilMode?: boolean;
}

/** Window of each spatial axis. @throws {RangeError} when x isn't [n, c, ..], and as `windowAxes` and `checkPoolPads`. */
function axesOf(who: string, shape: Shape, attributes: SpatialPoolAttributes): WindowAxis[] {
  const rank = shape.length - 2;
  if (rank < 1) throw new RangeError(`${who}: expected an input [n, c, ..], got ${shapeText(shape)}`);
  const same = (value: number, count = rank): number[] => new Array<number>(count).fill(value);
  const { kernel, strides = same(1), pads = same(0, 2 * rank), dilations = same(1) } = attributes;
  const axes = windowAxes(`${who}: `, shape.slice(1), { kernel, strides, pads, dilations });
  checkPoolPads(`${who}: `, axes);
  return axes;
}

/** What a window reads inside the input along its axis: the first position, and the number of positions. */
function insideOf(
  { size, kernel, stride, dilation, before }: WindowAxis,
  window: number,
): [first: number, count: number] {
  const start = window * stride - before;
  const skipped = Math.max(0, Math.ceil(-start / dilation));
  const end = Math.min(kernel, Math.ceil((size - start) / dilation));
  return [start + skipped * dilation, Math.max(0, end - skipped)];
}

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

/** Whether a value is a larger maximum; NaN is the largest. */
const isAbove = (a: number | bigint, b: number | bigint): boolean => a > b || (Number.isNaN(a) && !Number.isNaN(b));

/**
 * Positions of the maximum of each window, the first one of equal ones in row-major order.
 *
 * @param values  Elements of x, of any type.
 * @param shape   [n, c, ..].
 * @throws {RangeError} when the window doesn't fit the input, or could cover padding only.
 */
export function maxPoolPositions(
  who: string,
  values: TensorData,
  shape: Shape,
  attributes: SpatialPoolAttributes,
): Positions {
  const axes = axesOf(who, shape, attributes);
  const sizes = [...shape];
  let positions: Int32Array | undefined;
  // The maximum of a box is that of the maxima along its axes.
  for (let axis = axes.length - 1; axis >= 0; axis--) {
    const window = axes[axis]!;
    const [outer, size, inner] = splitAt(sizes, axis + 2);
    const count = outputSize(window, attributes.ceilMode);
    sizes[axis + 2] = count;
    const next = new Int32Array(checkedSize(who, sizes));
    for (let o = 0; o < outer; o++) {
      for (let w = 0; w < count; w++) {
        const [first, taps] = insideOf(window, w);
        for (let i = 0; i < inner; i++) {
          let best = -1;
          for (let k = 0; k < taps; k++) {
            const at = (o * size + first + k * window.dilation) * inner + i;
            const position = positions?.[at] ?? at;
            if (best < 0 || isAbove(values[position]!, values[best]!)) best = position;
          }
          next[(o * count + w) * inner + i] = best;
        }
      }
    }
    positions = next;
  }
  return { shape: sizes, positions: positions! };
}

/** Attributes of {@link maxPoolIndices}. */
export interface MaxPoolIndicesAttributes extends SpatialPoolAttributes {
  /** Count the elements of a plane row by row, or column by column. Default: "row". */
  readonly order?: "row" | "column";
}

/** Counts positions in planes column by column: the first spatial axis varies fastest. */
export function columnMajor(positions: Int32Array, shape: Shape): Int32Array {
  const spatial = shape.slice(2);
  const [strides, plane] = [stridesOf(spatial), spatial.reduce((size, dim) => size * dim, 1)];
  return positions.map((position) => {
    const within = position % plane;
    let [index, step] = [position - within, 1];
    for (const [axis, dim] of spatial.entries()) {
      index += (Math.floor(within / strides[axis]!) % dim) * step;
      step *= dim;
    }
    return index;
  });
}

/**
 * Maximum of each window over any number of axes; padding is ignored. The gradient goes to the first maximum of a window.
 *
 * @param x  [n, c, ..].
 * @throws {RangeError} when the window doesn't fit the input, or could cover padding only.
 */
export function maxPool(x: Tensor, attributes: SpatialPoolAttributes): Tensor {
  axesOf("maxPool", x.shape, attributes);
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

/** Attributes of {@link maxUnpool}. */
export interface MaxUnpoolAttributes {
  readonly kernel: readonly number[];
  /** Default: 1. */
  readonly strides?: readonly number[];
  /** Default: 0. */
  readonly pads?: readonly number[];
  /** Shape of the result, no smaller than the one that follows from the window. Default: that one. */
  readonly shape?: readonly number[] | undefined;
}

/**
 * Places maxima where a max pool found them; 0 elsewhere.
 *
 * @param indices  i64, of the shape of x: row-major positions in the shape that follows from the window.
 * @throws {RangeError} when shapes don't match, or for an index outside.
 */
export function maxUnpool(x: Tensor, indices: Tensor, { kernel, strides, pads, shape }: MaxUnpoolAttributes): Tensor {
  const rank = kernel.length;
  const inferred = x.shape.map((dim, i) => {
    const a = i - 2;
    return a < 0 ? dim : (dim - 1) * (strides?.[a] ?? 1) + kernel[a]! - (pads?.[a] ?? 0) - (pads?.[rank + a] ?? 0);
  });
  const size = checkedSize("maxUnpool", inferred);
  if (rank !== x.shape.length - 2 || indices.shape.join() !== x.shape.join()) {
    throw new RangeError(
      `maxUnpool: expected x [n, c, ..] and indices of its shape, got ${shapeText(x.shape)} and ${shapeText(indices.shape)}`,
    );
  }
  const positions = Int32Array.from(indices.numbers(), (index) => {
    if (index >= 0 && index < size) return index;
    throw new RangeError(`maxUnpool: expected indices from 0 to ${size - 1}, got ${index}`);
  });
  const y = placeElements(x, positions, inferred);
  if (shape === undefined || shape.join() === inferred.join()) return y;
  if (shape.length !== inferred.length || shape.some((dim, i) => dim < inferred[i]!)) {
    throw new RangeError(`maxUnpool: expected a shape of at least ${shapeText(inferred)}, got ${shapeText(shape)}`);
  }
  return pad(y, { pads: [...shape.map(() => 0), ...shape.map((dim, i) => dim - inferred[i]!)] });
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
  const axes = axesOf("avgPool", x.shape, attributes);
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
  const axes = axesOf("lpPool", x.shape, attributes);
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
