import { axisOf, type Shape, splitAt } from "../shape.js";
import { type Tensor, tensor } from "../tensor.js";
import { checkedSize, type Elements, type Positions } from "./element-positions.js";
import { takeElements } from "./elements.js";
import { gather } from "./indexing.js";
import { reshape } from "./layout.js";

/** Attributes of {@link topKPositions}. */
export interface TopKAttributes {
  /** Number of elements along the axis of the result. */
  readonly k: number;
  /** Default: −1. */
  readonly axis?: number;
  /** The largest elements, or the smallest. Default: true. */
  readonly largest?: boolean;
  /** In order of their values, or of their indices. Default: true. */
  readonly sorted?: boolean;
}

/** Result of {@link topKPositions}. */
export interface TopKPositions extends Positions {
  /** Index along the axis of each element of the result. */
  readonly indices: Int32Array;
}

/**
 * Positions of the k largest or smallest elements along an axis. Of equal elements, the one with the lower index comes first. NaN counts as
 * the largest value.
 *
 * @throws {RangeError} when k isn't a whole number from 0 to the size of the axis.
 */
export function topKPositions(
  who: string,
  values: Elements,
  shape: Shape,
  { k, axis = -1, largest = true, sorted = true }: TopKAttributes,
): TopKPositions {
  const at = axisOf(who, axis, shape.length);
  const [outer, size, inner] = splitAt(shape, at);
  if (!(Number.isInteger(k) && k >= 0 && k <= size)) {
    throw new RangeError(`${who}: expected k from 0 to ${size}, the size of axis ${at}, got ${k}`);
  }
  const result = shape.map((dim, i) => (i === at ? k : dim));
  const positions = new Int32Array(checkedSize(who, result));
  const indices = new Int32Array(positions.length);
  const order = new Int32Array(size);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < inner; i++) {
      const start = o * size * inner + i;
      for (let j = 0; j < size; j++) order[j] = j;
      const sign = largest ? -1 : 1;
      order.sort((a, b) => sign * compare(values[start + a * inner]!, values[start + b * inner]!) || a - b);
      const chosen = order.slice(0, k);
      if (!sorted) chosen.sort();
      for (let j = 0; j < k; j++) {
        const to = (o * k + j) * inner + i;
        indices[to] = chosen[j]!;
        positions[to] = start + chosen[j]! * inner;
      }
    }
  }
  return { shape: result, positions, indices };
}

/** Order of two values; NaN is the largest. */
export function compare(a: number | bigint, b: number | bigint): number {
  if (a < b) return -1;
  if (a > b) return 1;
  return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
}

/**
 * The k largest or smallest elements along an axis. Of equal elements, the one with the lower index comes first; NaN is the largest value.
 *
 * @returns the values, through which gradients flow, and their indices along the axis (i64), of the same shape.
 * @throws {RangeError} when k isn't a whole number from 0 to the size of the axis.
 */
export function topK(x: Tensor, attributes: TopKAttributes): { readonly values: Tensor; readonly indices: Tensor } {
  const { shape, positions, indices } = topKPositions("topK", x.values(), x.shape, attributes);
  return { values: takeElements(x, { shape, positions }), indices: tensor(indices, shape, "i64") };
}

/** Indices of the nonzero elements, axis by axis: [rank, number of them], row-major in both. A scalar counts as one axis. */
export function nonZeroIndices(values: Elements, shape: Shape): Int32Array[] {
  const dims = shape.length === 0 ? [1] : shape;
  const found = Int32Array.from({ length: values.length }, (_, i) => i).filter((i) => Number(values[i]!) !== 0);
  const inner = dims.map((_, axis) => splitAt(dims, axis)[2]);
  return dims.map((dim, axis) => found.map((i) => Math.floor(i / inner[axis]!) % dim));
}

/** Indices of the nonzero elements of x, of any type: i64 [rank, number of them]. */
export function nonZero(x: Tensor): Tensor {
  const rows = nonZeroIndices(x.values(), x.shape);
  const [rank, count] = [rows.length, rows[0]!.length];
  return tensor(
    Int32Array.from({ length: rank * count }, (_, i) => rows[Math.floor(i / count)]![i % count]!),
    [rank, count],
    "i64",
  );
}

/** Attributes of {@link uniqueIndices}. */
export interface UniqueAttributes {
  /** Axis whose slices are compared. Default: all elements are compared. */
  readonly axis?: number | undefined;
  /** In ascending order, or in that of their first occurrence. Default: true. */
  readonly sorted?: boolean;
}

/** Result of {@link uniqueIndices}; indices count the slices along the axis, or all elements. */
export interface UniqueIndices {
  /** First occurrence of each unique slice. */
  readonly indices: Int32Array;
  /** Which unique slice each slice equals. */
  readonly inverse: Int32Array;
  /** Number of slices that equal each unique one. */
  readonly counts: Int32Array;
}

/** The distinct slices along an axis, or the distinct elements. Slices compare by their first differing element. */
export function uniqueIndices(
  values: Elements,
  shape: Shape,
  { axis, sorted = true }: UniqueAttributes = {},
): UniqueIndices {
  const [outer, size, inner] =
    axis === undefined ? [1, values.length, 1] : splitAt(shape, axisOf("unique", axis, shape.length));
  const differ = (a: number, b: number): number => {
    for (let o = 0; o < outer; o++) {
      for (let i = 0; i < inner; i++) {
        const start = o * size * inner + i;
        const order = compare(values[start + a * inner]!, values[start + b * inner]!);
        if (order !== 0) return order;
      }
    }
    return 0;
  };
  const order = Int32Array.from({ length: size }, (_, i) => i).sort((a, b) => differ(a, b) || a - b);
  const groups: number[][] = [];
  for (const [i, slice] of order.entries()) {
    if (i > 0 && differ(order[i - 1]!, slice) === 0) groups.at(-1)!.push(slice);
    else groups.push([slice]);
  }
  if (!sorted) groups.sort((a, b) => a[0]! - b[0]!);
  const inverse = new Int32Array(size);
  for (const [group, slices] of groups.entries()) for (const slice of slices) inverse[slice] = group;
  return {
    indices: Int32Array.from(groups, (slices) => slices[0]!),
    inverse,
    counts: Int32Array.from(groups, ({ length }) => length),
  };
}

/**
 * The distinct elements of x, or its distinct slices along an axis. Gradients flow to the first occurrences.
 *
 * @returns y, and i64 lists: the first occurrence of each, which of them each element equals, and how many equal it.
 * @throws {RangeError} for an axis out of range.
 */
export function unique(
  x: Tensor,
  attributes: UniqueAttributes = {},
): { readonly y: Tensor; readonly indices: Tensor; readonly inverse: Tensor; readonly counts: Tensor } {
  const { indices, inverse, counts } = uniqueIndices(x.values(), x.shape, attributes);
  const source = attributes.axis === undefined ? reshape(x, [x.size]) : x;
  const list = (values: Int32Array): Tensor => tensor(values, [values.length], "i64");
  return {
    y: gather(source, Array.from(indices), { axis: attributes.axis ?? 0 }),
    indices: list(indices),
    inverse: list(inverse),
    counts: list(counts),
  };
}
