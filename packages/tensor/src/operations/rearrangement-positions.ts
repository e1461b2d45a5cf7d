import { axisOf, type Shape, shapeText, sizeOf, stridesOf } from "../shape.js";
import { checkedSize, checkLength, type Elements, type Positions, stridedPositions } from "./element-positions.js";

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
export function compressIndices(who: string, condition: Elements, size: number): number[] {
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
  lengths: Elements,
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
  indices: Elements,
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
