import { axisOf, type Shape, shapeText, sizeOf, stridesOf } from "../shape.js";

/**
 * Where the elements of a result come from, or go to: index arithmetic on shapes and lists alone, for tensors and for plain arrays of
 * integers. A position is an index into the elements in row-major order.
 */

/** Elements in row-major order: of a typed array of any type, or a list; 64-bit ones are big integers. */
export type Elements = ArrayLike<number> | ArrayLike<bigint>;

/** Positions with the shape of the result. */
export interface Positions {
  readonly shape: Shape;
  /** Position in the source of each element of the result; −1 for an element that has none. */
  readonly positions: Int32Array;
}

/** Maximum number of elements of a result: 1 GiB of f32. A model that needs more is corrupt or malicious. */
const maxElements = 2 ** 28;

/**
 * Number of elements of a result. The check counts a 0 as 1, because loops run over the other sizes, too.
 *
 * @throws {RangeError} above 2²⁸, or for a size that isn't a whole number ≥ 0.
 */
export function checkedSize(who: string, shape: Shape): number {
  if (
    !(sizeOf(shape.map((dim) => Math.max(dim, 1))) <= maxElements) ||
    !shape.every((dim) => Number.isInteger(dim) && dim >= 0)
  ) {
    throw new RangeError(`${who}: expected a result of at most ${maxElements} elements, got ${shapeText(shape)}`);
  }
  return sizeOf(shape);
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
export function takeValues<T extends Elements>(values: T, positions: Int32Array): T {
  const result = new (values.constructor as new (length: number) => { [index: number]: number | bigint })(
    positions.length,
  );
  for (let i = 0; i < positions.length; i++) if (positions[i]! >= 0) result[i] = values[positions[i]!]!;
  return result as T;
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
  values: { [index: number]: number | bigint },
  positions: Int32Array,
  updates: Elements,
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
  indices: Elements,
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
  indices: Elements,
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
