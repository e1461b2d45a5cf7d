import type { TensorData } from "../dtype.js";
import { axisOf, type Shape, shapeText, sizeOf, splitAt, stridesOf } from "../shape.js";

/**
 * Where the elements of a result come from, or go to: index arithmetic on shapes and lists alone, for tensors and for plain arrays of
 * integers. A position is an index into the elements in row-major order.
 */

/** Indices in row-major order; 64-bit ones as big integers. */
export type IndexList = ArrayLike<number> | ArrayLike<bigint>;

/** Positions with the shape of the result. */
export interface Positions {
  readonly shape: Shape;
  /** Position in the source of each element of the result; −1 for an element that has none. */
  readonly positions: Int32Array;
}

/** Maximum number of elements of a result: 1 GiB of f32. A model that needs more is corrupt or malicious. */
const maxElements = 2 ** 28;

/** Number of elements of a result. @throws {RangeError} above 2²⁸, or for a size that isn't a whole number ≥ 0. */
export function checkedSize(who: string, shape: Shape): number {
  const size = sizeOf(shape);
  if (!(size <= maxElements) || !shape.every((dim) => Number.isInteger(dim) && dim >= 0)) {
    throw new RangeError(`${who}: expected a result of at most ${maxElements} elements, got ${shapeText(shape)}`);
  }
  return size;
}

/** Resolves an index along an axis; negative ones count from the end. @throws {RangeError} outside the axis. */
export function resolveIndex(who: string, index: number | bigint, size: number): number {
  const value = Number(index);
  if (!(Number.isInteger(value) && value >= -size && value < size)) {
    throw new RangeError(`${who}: expected indices from ${-size} to ${size - 1}, got ${index}`);
  }
  return value < 0 ? value + size : value;
}

/** @throws {RangeError} unless a list has as many indices as its shape. */
export function checkLength(who: string, list: ArrayLike<unknown>, shape: Shape): void {
  if (list.length !== sizeOf(shape)) {
    throw new RangeError(`${who}: expected ${sizeOf(shape)} indices for ${shapeText(shape)}, got ${list.length}`);
  }
}

/** Positions of a strided view: those of all index tuples of `dims`, row-major. */
export function stridedPositions(who: string, dims: Shape, strides: readonly number[], offset = 0): Int32Array {
  const positions = new Int32Array(checkedSize(who, dims));
  if (positions.length === 0) return positions;
  positions[0] = offset;
  let filled = 1;
  for (let axis = dims.length - 1; axis >= 0; axis--) {
    for (let i = 1; i < dims[axis]!; i++) {
      const [start, shift] = [i * filled, i * strides[axis]!];
      for (let j = 0; j < filled; j++) positions[start + j] = positions[j]! + shift;
    }
    filled *= dims[axis]!;
  }
  return positions;
}

/** Elements of a typed array at positions; 0 where a position is −1. */
export function takeValues<T extends TensorData>(values: T, positions: Int32Array): T {
  const result = new (values.constructor as new (length: number) => T)(positions.length);
  for (let i = 0; i < positions.length; i++) if (positions[i]! >= 0) result[i] = values[positions[i]!]!;
  return result;
}

/** How {@link scatterValues} combines an update with what is there. */
export type ScatterReduction = "none" | "add" | "mul" | "min" | "max";

type Combine = <N extends number | bigint>(before: N, update: N) => N;

const combinations: Readonly<Record<ScatterReduction, Combine>> = {
  none: (_, update) => update,
  add: (before, update) => ((before as number) + (update as number)) as typeof before,
  mul: (before, update) => ((before as number) * (update as number)) as typeof before,
  min: (before, update) => (update < before || Number.isNaN(update) ? update : before),
  max: (before, update) => (update > before || Number.isNaN(update) ? update : before),
};

/** Combines updates into `values`, in order: of several updates of one position with "none", the last one stays. */
export function scatterValues(
  values: TensorData | Float64Array,
  positions: Int32Array,
  updates: TensorData,
  reduction: ScatterReduction = "none",
): void {
  const combine = combinations[reduction];
  const [to, from] = [values as Float32Array, updates as Float32Array];
  for (let i = 0; i < positions.length; i++) to[positions[i]!] = combine(to[positions[i]!]!, from[i]!);
}

/**
 * Positions for GatherElements and ScatterElements: element [i, j, ..] of the result is at [i, j, ..] of the source, with the index there
 * in place of the coordinate along the axis.
 *
 * @param shape          Shape of the source.
 * @param indicesShape   Shape of the indices and of the result: of the same rank, no larger along the other axes.
 * @throws {RangeError} when shapes don't match, or for an index outside the axis.
 */
export function gatherElementsPositions(
  who: string,
  shape: Shape,
  indices: IndexList,
  indicesShape: Shape,
  axis: number,
): Int32Array {
  const at = axisOf(who, axis, shape.length);
  if (indicesShape.length !== shape.length || indicesShape.some((dim, i) => i !== at && dim > shape[i]!)) {
    const limits = shape.map((dim, i) => (i === at ? "any" : `≤ ${dim}`)).join(", ");
    throw new RangeError(`${who}: expected indices of sizes [${limits}], got ${shapeText(indicesShape)}`);
  }
  checkLength(who, indices, indicesShape);
  const strides = stridesOf(shape);
  const others = strides.map((stride, i) => (i === at ? 0 : stride));
  const positions = stridedPositions(who, indicesShape, others);
  for (let i = 0; i < positions.length; i++) {
    positions[i] = positions[i]! + strides[at]! * resolveIndex(who, indices[i]!, shape[at]!);
  }
  return positions;
}

/**
 * Positions for GatherND and ScatterND: the last axis of the indices holds tuples, each of which selects a slice of the source.
 *
 * @param shape         Shape of the source.
 * @param indicesShape  [.., k] with k ≤ the source's rank − batchDims.
 * @param batchDims     Number of leading axes that source and indices share. Default: 0.
 * @throws {RangeError} when shapes don't match, or for an index outside its axis.
 */
export function gatherNDPositions(
  who: string,
  shape: Shape,
  indices: IndexList,
  indicesShape: Shape,
  batchDims = 0,
): Positions {
  const width = indicesShape.at(-1) ?? -1;
  const lead = shape.slice(0, batchDims);
  const fits = Number.isInteger(batchDims) && batchDims >= 0 && batchDims < Math.max(1, indicesShape.length);
  const isShared = lead.length === batchDims && lead.every((dim, i) => dim === indicesShape[i]);
  if (!fits || !isShared || width < 0 || batchDims + width > shape.length) {
    throw new RangeError(
      `${who}: expected indices [.., k] with k ≤ ${shape.length - batchDims} for a source ${shapeText(shape)} with ${batchDims} batch axes, got ${shapeText(indicesShape)}`,
    );
  }
  checkLength(who, indices, indicesShape);
  const strides = stridesOf(shape);
  const result = [...indicesShape.slice(0, -1), ...shape.slice(batchDims + width)];
  const positions = new Int32Array(checkedSize(who, result));
  const inner = sizeOf(shape.slice(batchDims + width));
  const tuples = sizeOf(indicesShape.slice(0, -1));
  const perBatch = tuples / Math.max(1, sizeOf(lead));
  const batchSize = sizeOf(shape.slice(batchDims));
  for (let tuple = 0; tuple < tuples; tuple++) {
    let start = Math.floor(tuple / perBatch) * batchSize;
    for (let j = 0; j < width; j++) {
      const axis = batchDims + j;
      start += strides[axis]! * resolveIndex(who, indices[tuple * width + j]!, shape[axis]!);
    }
    for (let i = 0; i < inner; i++) positions[tuple * inner + i] = start + i;
  }
  return { shape: result, positions };
}

/** Shape of x repeated `repeats[i]` times along each axis i. @throws {RangeError} unless there is one whole number ≥ 0 per axis. */
export function tileShape(who: string, shape: Shape, repeats: readonly number[]): number[] {
  if (repeats.length !== shape.length || !repeats.every((n) => Number.isInteger(n) && n >= 0)) {
    throw new RangeError(`${who}: expected ${shape.length} whole repeats ≥ 0, got ${shapeText(repeats)}`);
  }
  const result = shape.map((dim, axis) => dim * repeats[axis]!);
  checkedSize(who, result);
  return result;
}

/** Positions for Tile. @throws {RangeError} as {@link tileShape}. */
export function tilePositions(who: string, shape: Shape, repeats: readonly number[]): Positions {
  const result = tileShape(who, shape, repeats);
  const dims = shape.flatMap((dim, axis) => [repeats[axis]!, dim]);
  const steps = stridesOf(shape).flatMap((stride) => [0, stride]);
  return { shape: result, positions: stridedPositions(who, dims, steps) };
}

/** Attributes of a triangular part. */
export interface TriluAttributes {
  /** Keep the upper triangle, or the lower one. Default: true. */
  readonly upper?: boolean;
  /** Diagonal that bounds the triangle: 0 the main one, positive above it. Default: 0. */
  readonly k?: number;
}

/** Positions for Trilu, of the last two axes; −1 outside the triangle. @throws {RangeError} for fewer axes, or a k that isn't whole. */
export function triluPositions(who: string, shape: Shape, { upper = true, k = 0 }: TriluAttributes): Int32Array {
  if (shape.length < 2) throw new RangeError(`${who}: expected at least two axes, got ${shapeText(shape)}`);
  if (!Number.isInteger(k)) throw new RangeError(`${who}: expected a whole number k, got ${k}`);
  const [rows, columns] = shape.slice(-2) as [number, number];
  const positions = new Int32Array(checkedSize(who, shape)).fill(-1);
  for (let start = 0, row = 0; start < positions.length; start += columns, row = (row + 1) % rows) {
    const diagonal = Math.min(Math.max(row + k, -1), columns);
    const [first, last] = upper ? [Math.max(diagonal, 0), columns] : [0, Math.min(diagonal + 1, columns)];
    for (let i = first; i < last; i++) positions[start + i] = start + i;
  }
  return positions;
}

/**
 * Indices along an axis for Compress: those where the condition holds.
 *
 * @param condition  May be shorter than the axis: elements beyond its end are dropped.
 * @throws {RangeError} when the condition is longer than the axis.
 */
export function compressIndices(who: string, condition: IndexList, size: number): number[] {
  if (condition.length > size) {
    throw new RangeError(`${who}: expected a condition of at most ${size} elements, got ${condition.length}`);
  }
  return Array.from(condition as ArrayLike<number>, (holds, i) => (holds ? i : -1)).filter((i) => i >= 0);
}

/** Attributes of {@link reverseSequencePositions}. */
export interface ReverseSequenceAttributes {
  /** Axis of the time steps. Default: 0. */
  readonly timeAxis?: number;
  /** Axis of the sequences. Default: 1. */
  readonly batchAxis?: number;
}

/**
 * Positions for ReverseSequence: the first `lengths[b]` steps of sequence b in reverse order, then the others.
 *
 * @throws {RangeError} unless there is one length for each sequence, from 0 to the number of steps; or when both axes are the same.
 */
export function reverseSequencePositions(
  who: string,
  shape: Shape,
  lengths: IndexList,
  { timeAxis = 0, batchAxis = 1 }: ReverseSequenceAttributes = {},
): Int32Array {
  const [time, batch] = [axisOf(who, timeAxis, shape.length), axisOf(who, batchAxis, shape.length)];
  if (time === batch) throw new RangeError(`${who}: expected two different axes, got ${time} twice`);
  const [steps, sequences] = [shape[time]!, shape[batch]!];
  const counts = Array.from(lengths as ArrayLike<number>, Number);
  if (counts.length !== sequences || !counts.every((n) => Number.isInteger(n) && n >= 0 && n <= steps)) {
    throw new RangeError(`${who}: expected ${sequences} lengths from 0 to ${steps}, got [${counts.join(", ")}]`);
  }
  const strides = stridesOf(shape);
  const positions = new Int32Array(checkedSize(who, shape));
  for (let i = 0; i < positions.length; i++) {
    const step = Math.floor(i / strides[time]!) % steps;
    const count = counts[Math.floor(i / strides[batch]!) % sequences]!;
    positions[i] = step < count ? i + (count - 1 - 2 * step) * strides[time]! : i;
  }
  return positions;
}

/**
 * Positions for OneHot, in the list [off value, on value]: 1 where the class along the new axis is the index, else 0. An index outside
 * −depth … depth − 1 gives off values only.
 *
 * @param axis  Place of the new axis in the result; negative ones count from its end. Default: −1.
 * @throws {RangeError} when the depth isn't a whole number ≥ 0, or the axis is out of range.
 */
export function oneHotPositions(
  who: string,
  indices: IndexList,
  indicesShape: Shape,
  depth: number,
  axis = -1,
): Positions {
  checkLength(who, indices, indicesShape);
  const at = axisOf(who, axis, indicesShape.length + 1);
  const shape = [...indicesShape.slice(0, at), depth, ...indicesShape.slice(at)];
  const positions = new Int32Array(checkedSize(who, shape));
  const inner = sizeOf(indicesShape.slice(at));
  for (let i = 0; i < indices.length; i++) {
    const index = Number(indices[i]!);
    const hot = index < 0 ? index + depth : index;
    if (!(hot >= 0 && hot < depth)) continue;
    const outer = Math.floor(i / inner);
    positions[(outer * depth + Math.floor(hot)) * inner + (i % inner)] = 1;
  }
  return { shape, positions };
}

/**
 * Positions for DepthToSpace and the like: those of the source, of shape `dims`, with permuted axes, as `shape`.
 */
export function permutedPositions(who: string, dims: Shape, perm: readonly number[]): Int32Array {
  const strides = stridesOf(dims);
  return stridedPositions(
    who,
    perm.map((axis) => dims[axis]!),
    perm.map((axis) => strides[axis]!),
  );
}

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
  values: TensorData,
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
