import { type DType, sizeOf, zeroData } from "@neft/tensor";

/** An array outside WebAssembly memory, for shape arithmetic and weight files. */
export interface HostArray {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: HostData;
}

/** Element storage of a `HostArray`. */
export type HostData =
  | Float32Array
  | BigInt64Array
  | Int32Array
  | Int16Array
  | Int8Array
  | BigUint64Array
  | Uint32Array
  | Uint16Array
  | Uint8Array;

/** What shape inference knows of a value. `data` is present when shapes and constants determine it. */
export interface KnownValue {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data?: HostData;
}

/** Whether the elements of a value are known. */
export function isHostArray(value: KnownValue): value is HostArray {
  return value.data !== undefined;
}

/** Whether an unknown value is an array. */
export function isHostValue(value: unknown): value is HostArray {
  return typeof value === "object" && value !== null && "dtype" in value && "shape" in value && "data" in value;
}

/** Whether the elements of a dtype are bigints. */
export function isBig(dtype: DType): boolean {
  return dtype === "i64" || dtype === "u64";
}

/** Any `HostData` as a writable array. The caller writes bigints for i64 and numbers otherwise. */
export type WritableArray = { [index: number]: number | bigint };

/** Limit on the elements of one value. A file that asks for more is broken. */
const maxElements = 2 ** 28;

/** Limit on the elements of arrays that grow outside WebAssembly. */
export const maxHostElements = 2 ** 24;

/** Limit on the rank of a value. */
export const maxAxes = 64;

/**
 * Number of elements of a shape, checked against a limit.
 *
 * The check counts a 0 as 1, because loops run over the other sizes too.
 *
 * @param max  Default: 2^28.
 * @throws {RangeError} when a size is negative or not an integer, or there are more than `max` elements or 64 axes.
 */
export function checkedSize(shape: readonly number[], max = maxElements): number {
  if (shape.length > maxAxes) throw new RangeError(`shape: expected at most ${maxAxes} axes, got ${shape.length}`);
  if (shape.some((n) => !Number.isSafeInteger(n) || n < 0))
    throw new RangeError(`shape: expected sizes of 0 or more, got [${shape.join(", ")}]`);
  if (sizeOf(shape.map((n) => Math.max(1, n))) > max)
    throw new RangeError(`shape: expected at most ${max} elements, got [${shape.join(", ")}]`);
  return sizeOf(shape);
}

/** An i64 vector, the dtype of shapes and axes. */
export function int64Array(values: readonly number[]): HostArray {
  return { dtype: "i64", shape: [values.length], data: BigInt64Array.from(values, BigInt) };
}

/**
 * Elements as numbers, for sizes, axes and indices.
 *
 * @throws {RangeError} when an int64 can't be represented exactly.
 */
export function toNumbers(array: HostArray): number[] {
  return Array.from(array.data as ArrayLike<number | bigint>, (value) => {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) throw new RangeError(`expected an integer below 2^53, got ${value}`);
    return number;
  });
}

/**
 * Elements as numbers, for slice positions. Those beyond ±2^53 are clamped, since positions are clamped to their axis
 * anyway.
 */
export function toPositions(array: HostArray): number[] {
  return Array.from(array.data as ArrayLike<number | bigint>, (value) =>
    Math.min(Math.max(Number(value), Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER),
  );
}

/**
 * Copies strided elements: element i of the result is data[offset + Σ_k index_k(i)·strides[k]], where i runs over
 * `shape` in row-major order. Transposing, slicing and broadcasting differ in strides only.
 */
export function copyStrided(
  source: HostArray,
  shape: readonly number[],
  strides: readonly number[],
  offset: number,
): HostArray {
  const size = checkedSize(shape);
  const data = zeroData(source.dtype, size);
  const slots = data as WritableArray;
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
