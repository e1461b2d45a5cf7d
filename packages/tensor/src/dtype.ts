/**
 * Element type of a tensor.
 *
 * Operations and gradients support f32 only. The other types hold indices, labels and shapes.
 */
export type DType = "f32" | "i64" | "i32" | "u8" | "i8" | "bool";

/** Elements of a tensor. A bool is stored as one byte, 0 or 1. */
export type TensorData =
  | Float32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>;

/** Elements accepted for a new tensor: numbers, bigints for integer types, or a typed array. */
export type TensorSource = ArrayLike<number> | ArrayLike<bigint>;

/** Array class of each type. */
const arrays = {
  f32: Float32Array,
  i64: BigInt64Array,
  i32: Int32Array,
  u8: Uint8Array,
  i8: Int8Array,
  bool: Uint8Array,
} as const;

/** All element types. */
export const dtypes = Object.keys(arrays) as readonly DType[];

/** Smallest and largest value of the integer types; i64 is checked separately. */
const ranges: Partial<Record<DType, readonly [number, number]>> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  u8: [0, 255],
  i8: [-128, 127],
  bool: [0, 1],
};

/** Makes a typed array of `size` zeros. A bool takes one byte. */
export function zeroData(dtype: DType, size: number): TensorData {
  return new arrays[dtype](size);
}

/**
 * Copies `source` to a typed array of `dtype`. Numbers are rounded to f32; integer types are exact.
 *
 * @throws {RangeError} when a value doesn't fit the integer type.
 */
export function convertData(who: string, source: TensorSource, dtype: DType): TensorData {
  const from = source as ArrayLike<number | bigint>;
  if (dtype === "i64") {
    if (source instanceof BigInt64Array) return new BigInt64Array(source);
    return BigInt64Array.from({ length: from.length }, (_, i) => exactBigInt(who, from[i]!));
  }
  const range = ranges[dtype];
  const isTyped = source instanceof arrays[dtype] && dtype !== "bool";
  if (isTyped || (range === undefined && typeof from[0] !== "bigint")) {
    const result = zeroData(dtype, from.length) as Float32Array<ArrayBuffer>;
    result.set(source as ArrayLike<number>);
    return result;
  }
  const result = zeroData(dtype, from.length);
  for (let i = 0; i < from.length; i++) result[i] = exactNumber(who, from[i]!, dtype, range);
  return result;
}

/** @throws {RangeError} unless the value is an exact 64-bit integer. */
function exactBigInt(who: string, value: number | bigint): bigint {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`${who}: expected whole numbers below 2^53 for i64, got ${value}; pass a BigInt`);
  }
  const big = BigInt(value);
  if (BigInt.asIntN(64, big) !== big) throw new RangeError(`${who}: expected 64-bit integers, got ${value}`);
  return big;
}

/** @throws {RangeError} for a value outside the type's range, or a bigint beyond ±(2⁵³ − 1). */
function exactNumber(who: string, value: number | bigint, dtype: DType, range?: readonly [number, number]): number {
  const number = typeof value === "bigint" ? safeNumber(who, value) : value;
  if (range !== undefined && !(Number.isInteger(number) && number >= range[0] && number <= range[1])) {
    throw new RangeError(`${who}: expected whole numbers from ${range[0]} to ${range[1]} for ${dtype}, got ${value}`);
  }
  return number;
}

/** Converts a 64-bit integer to a number. @throws {RangeError} beyond ±(2⁵³ − 1), where numbers are inexact. */
export function safeNumber(who: string, value: bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number)) {
    throw new RangeError(`${who}: expected a 64-bit integer that fits a number exactly, got ${value}`);
  }
  return number;
}
