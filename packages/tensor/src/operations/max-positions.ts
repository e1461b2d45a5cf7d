import { type Shape, shapeText, splitAt, stridesOf } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { checkPoolPads, outputSize, type WindowAxis, windowAxes } from "../window.js";
import { checkedSize, type Elements, type Positions } from "./element-positions.js";
import { placeElements } from "./elements.js";
import { pad } from "./indexing.js";

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
export function poolAxes(who: string, shape: Shape, attributes: SpatialPoolAttributes): WindowAxis[] {
  const rank = shape.length - 2;
  if (rank < 1) throw new RangeError(`${who}: expected an input [n, c, ..], got ${shapeText(shape)}`);
  const same = (value: number, count = rank): number[] => new Array<number>(count).fill(value);
  const { kernel, strides = same(1), pads = same(0, 2 * rank), dilations = same(1) } = attributes;
  const axes = windowAxes(`${who}: `, shape.slice(1), { kernel, strides, pads, dilations });
  checkPoolPads(`${who}: `, axes);
  return axes;
}

/** What a window reads inside the input along its axis: the first position, and the number of positions. */
export function insideOf(
  { size, kernel, stride, dilation, before }: WindowAxis,
  window: number,
): [first: number, count: number] {
  const start = window * stride - before;
  const skipped = Math.max(0, Math.ceil(-start / dilation));
  const end = Math.min(kernel, Math.ceil((size - start) / dilation));
  return [start + skipped * dilation, Math.max(0, end - skipped)];
}

/** Shape of a pool's output. @throws {RangeError} when the window doesn't fit the input, or could cover padding only. */
export function poolShape(who: string, shape: Shape, attributes: SpatialPoolAttributes): number[] {
  const axes = poolAxes(who, shape, attributes);
  return [...shape.slice(0, 2), ...axes.map((axis) => outputSize(axis, attributes.ceilMode))];
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
  values: Elements,
  shape: Shape,
  attributes: SpatialPoolAttributes,
): Positions {
  const axes = poolAxes(who, shape, attributes);
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
        const [first, pixels] = insideOf(window, w);
        for (let i = 0; i < inner; i++) {
          let best = -1;
          for (let k = 0; k < pixels; k++) {
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
