import { type DType, sizeOf, zeroData } from "@neft/tensor";

/** Elements outside WebAssembly memory, as shape arithmetic and weight files need them. */
export interface HostArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

export type HostData = Float32Array | BigInt64Array | Int32Array | Uint8Array | Int8Array;

/** Any of the typed arrays, written to without knowing which; the caller keeps bigint with i64. */
export type Slots = { [index: number]: number | bigint };

/** More elements than any value of a real network has: a file that asks for more is broken. */
export const mostElements = 2 ** 28;

/** More elements than shape arithmetic has; the limit of what grows outside WebAssembly. */
export const mostHostElements = 2 ** 24;

/** More axes than any value of a real network has. */
export const mostAxes = 64;

/**
 * Number of elements of a shape, bounded. Sizes beside a 0 are bounded too: a loop over them must come to an end.
 *
 * @throws {RangeError} when a size is negative or not an integer, there are more than `most` elements (a 0 counted as 1), or more than
 *   64 axes.
 */
export function checkedSize(shape: readonly number[], most = mostElements): number {
  if (shape.length > mostAxes) throw new RangeError(`shape: expected at most ${mostAxes} axes, got ${shape.length}`);
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0))
    throw new RangeError(`shape: expected sizes of 0 or more, got [${shape.join(", ")}]`);
  if (sizeOf(shape.map((n) => Math.max(1, n))) > most)
    throw new RangeError(`shape: expected at most ${most} elements, got [${shape.join(", ")}]`);
  return sizeOf(shape);
}

/** [1, 2] as i64, the dtype of shapes and axes. */
export function int64Array(values: readonly number[]): HostArray {
  return { dtype: "i64", shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}

/**
 * Elements as numbers, for sizes, axes and indices.
 *
 * @throws {RangeError} when an int64 does not fit a number exactly: it is never rounded silently.
 */
export function toNumbers(array: HostArray): number[] {
  return Array.from(array.data as ArrayLike<number | bigint>, (value) => {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new RangeError(`expected an integer below 2^53, got ${value}`);
    return number;
  });
}

/** Slice positions: as numbers, those beyond 2^53 brought there, since every position is clamped to its axis anyway. */
export function toPositions(array: HostArray): number[] {
  return Array.from(array.data as ArrayLike<number | bigint>, (value) =>
    Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER),
  );
}

/**
 * Element i of the result is data[offset + Σ index_k(i)·strides_k] for i over `shape` in row-major order: transposes,
 * slices and broadcasts are all this, with other strides.
 */
export function strided(
  source: HostArray,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): HostArray {
  const size = checkedSize(shape);
  const data = zeroData(source.dtype, size);
  const slots = data as Slots;
  const index = new Array<number>(shape.length).fill(0);
  let at = offset;
  for (let i = 0; i < size; i++) {
    slots[i] = source.data[at]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      at += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      at -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return { dtype: source.dtype, shape: [...shape], data };
}
