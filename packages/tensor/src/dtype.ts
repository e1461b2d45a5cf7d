/**
 * Element type of a tensor.
 *
 * Operations and gradients support f32 only. The other types hold indices, labels and shapes.
 */
export type DType = "f32" | "i64" | "i32" | "i16" | "i8" | "u64" | "u32" | "u16" | "u8" | "bool";

/** Elements of a tensor. A bool is stored as one byte, 0 or 1. */
export type TensorData =
  | Float32Array<ArrayBuffer>
  | BigInt64Array<ArrayBuffer>
  | Int32Array<ArrayBuffer>
  | Int16Array<ArrayBuffer>
  | Int8Array<ArrayBuffer>
  | BigUint64Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** Elements accepted for a new tensor: numbers, bigints for integer types, or a typed array. */
export type TensorSource = ArrayLike<number> | ArrayLike<bigint>;

/** Array class of each type. */
const arrays = {
  f32: Float32Array,
  i64: BigInt64Array,
  i32: Int32Array,
  i16: Int16Array,
  i8: Int8Array,
  u64: BigUint64Array,
  u32: Uint32Array,
  u16: Uint16Array,
  u8: Uint8Array,
  bool: Uint8Array,
} as const;

/** All element types. */
export const dtypes = Object.keys(arrays) as readonly DType[];

/** Smallest and largest value of the integer types; those of 64 bits are checked separately. */
const ranges: Partial<Record<DType, readonly [number, number]>> = {
  i32: [-(2 ** 31), 2 ** 31 - 1],
  i16: [-(2 ** 15), 2 ** 15 - 1],
  i8: [-128, 127],
  u32: [0, 2 ** 32 - 1],
  u16: [0, 2 ** 16 - 1],
  u8: [0, 255],
  bool: [0, 1],
};

/** Makes a typed array of `size` zeros. A bool takes one byte. */
export function zeroData(dtype: DType, size: number): TensorData {
  return new arrays[dtype](size);
}

/** Whether an array is of the class that stores a dtype. */
export function isStoredAs(source: TensorSource, dtype: DType): source is TensorSource & TensorData {
  return source instanceof arrays[dtype];
}

/**
 * Copies `source` to a typed array of `dtype`. Numbers are rounded to f32; integer types are exact.
 *
 * @throws {RangeError} when a value doesn't fit the integer type.
 */
export function convertData(who: string, source: TensorSource, dtype: DType): TensorData {
  const from = source as ArrayLike<number | bigint>;
  if (dtype === "i64" || dtype === "u64") {
    if (source instanceof arrays[dtype]) return new arrays[dtype](source as BigInt64Array & BigUint64Array);
    const result = zeroData(dtype, from.length);
    for (let i = 0; i < from.length; i++) result[i] = exactBigInt(who, from[i]!, dtype);
    return result;
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

/** @throws {RangeError} unless the value is an exact 64-bit integer of the type. */
function exactBigInt(who: string, value: number | bigint, dtype: "i64" | "u64"): bigint {
  if (typeof value === "number" && !Number.isSafeInteger(value)) {
    throw new RangeError(`${who}: expected whole numbers below 2^53 for ${dtype}, got ${value}; pass a BigInt`);
  }
  const big = BigInt(value);
  const wrapped = dtype === "i64" ? BigInt.asIntN(64, big) : BigInt.asUintN(64, big);
  if (wrapped !== big) {
    const expected = dtype === "i64" ? "64-bit integers" : "64-bit integers of 0 or more";
    throw new RangeError(`${who}: expected ${expected}, got ${value}`);
  }
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
