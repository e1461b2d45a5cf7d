import type { DType, SliceRange } from "@neft/tensor";
import { broadcastShapes, broadcastStrides, sizeOf, stridesOf, zeroData } from "@neft/tensor";
import type { HostArray, WritableArray } from "./host-array.js";
import { checkedSize, copyStrided, maxHostElements, toNumbers } from "./host-array.js";

// Operators on typed arrays. Shapes, axes, indices and labels never enter WebAssembly.

export type IntegerArithmetic = "add" | "sub" | "mul" | "div";

/**
 * Elementwise arithmetic with broadcasting, as in ONNX: integers wrap at their width, division truncates.
 *
 * @throws {TypeError} for mixed dtypes or bool. @throws {RangeError} for division by 0.
 */
export function integerArithmetic(kind: IntegerArithmetic, a: HostArray, b: HostArray): HostArray {
  if (a.dtype !== b.dtype) throw new TypeError(`expected operands of one dtype, got ${a.dtype} and ${b.dtype}`);
  if (a.dtype === "bool") throw new TypeError("expected operands that are numbers, got bool");
  const shape = broadcastShapes(a.shape, b.shape);
  const left = expand(a, shape).data;
  const right = expand(b, shape).data;
  const data = zeroData(a.dtype, left.length);
  const slots = data as WritableArray;
  for (let i = 0; i < left.length; i++) slots[i] = combine(kind, left[i]!, right[i]!);
  return { dtype: a.dtype, shape, data };
}

function combine(kind: IntegerArithmetic, a: number | bigint, b: number | bigint): number | bigint {
  if (kind === "div" && Number(b) === 0) throw new RangeError("expected divisors other than 0, got 0");
  if (typeof a === "bigint" && typeof b === "bigint") {
    const value = kind === "add" ? a + b : kind === "sub" ? a - b : kind === "mul" ? a * b : a / b;
    return value;
  }
  const [m, n] = [a as number, b as number];
  return kind === "add" ? m + n : kind === "sub" ? m - n : kind === "mul" ? Math.imul(m, n) : Math.trunc(m / n);
}

/** Clamps elements to [low, high]. Each bound is a scalar or absent. */
export function clipIntegers(x: HostArray, low: HostArray | undefined, high: HostArray | undefined): HostArray {
  const data = x.data.slice();
  const slots = data as WritableArray;
  const [min, max] = [low?.data[0], high?.data[0]];
  for (let i = 0; i < data.length; i++) {
    if (min !== undefined && slots[i]! < min) slots[i] = min;
    if (max !== undefined && slots[i]! > max) slots[i] = max;
  }
  return { ...x, data };
}

/**
 * Converts elements to another dtype. Numbers are truncated, integers keep their low bits, bool is 1 for any nonzero
 * element.
 *
 * ONNX doesn't define the result for numbers beyond the integer type. Here it is onnxruntime's on x86: the smallest
 * 64-bit or 32-bit integer, whose low bits (0) 8-bit types keep.
 */
export function castElements(x: HostArray, dtype: DType): HostArray {
  if (dtype === x.dtype) return x;
  const data = zeroData(dtype, x.data.length);
  const slots = data as WritableArray;
  const convert = conversions[dtype];
  for (let i = 0; i < x.data.length; i++) slots[i] = convert(x.data[i]!);
  return { dtype, shape: x.shape, data };
}

/** Converts one element. The typed array that stores the result keeps its low bits. */
const conversions: Readonly<Record<DType, (value: number | bigint) => number | bigint>> = {
  f32: (value) => (typeof value === "bigint" ? nearestFloat(value) : value),
  i64: (value) =>
    typeof value === "bigint" ? value : Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n),
  i32: toInt32,
  i16: toInt32,
  i8: toInt32,
  u64: (value) =>
    typeof value === "bigint" ? value : Math.abs(value) < 2 ** 64 ? BigInt(Math.trunc(value)) : 2n ** 63n,
  u32: (value) => (typeof value === "number" && value >= 0 && value < 2 ** 32 ? Math.trunc(value) : toInt32(value)),
  u16: toInt32,
  u8: toInt32,
  bool: (value) => (Number(value) === 0 ? 0 : 1),
};

function toInt32(value: number | bigint): number {
  if (typeof value === "bigint") return Number(BigInt.asIntN(32, value));
  const whole = Math.trunc(value);
  return whole >= -(2 ** 31) && whole < 2 ** 31 ? whole : -(2 ** 31);
}

/** The f32 nearest to a 64-bit integer. Converting through f64 would round twice. */
function nearestFloat(value: bigint): number {
  if (BigInt.asIntN(54, value) === value) return Number(value);
  // The upper 53 bits fit an f64. Their last bit is set if any lower bit is, so that rounding them rounds the whole.
  const leading = value >> 11n;
  return Number((value & 0x7ffn) === 0n ? leading : leading | 1n) * 2 ** 11;
}

/** Broadcasts x to a shape. */
export function expand(x: HostArray, shape: readonly number[]): HostArray {
  checkedSize(shape, maxHostElements);
  return copyStrided(x, shape, broadcastStrides(x.shape, shape), 0);
}

/** Permutes axes: axis k of the result is axis perm[k] of x. */
export function transposeElements(x: HostArray, perm: readonly number[]): HostArray {
  const own = stridesOf(x.shape);
  return copyStrided(
    x,
    perm.map((axis) => x.shape[axis]!),
    perm.map((axis) => own[axis]!),
    0,
  );
}

/** Concatenates arrays along an axis. */
export function concatElements(xs: readonly HostArray[], axis: number): HostArray {
  const first = xs[0]!;
  const shape = [...first.shape];
  shape[axis] = xs.reduce((sum, x) => sum + x.shape[axis]!, 0);
  const data = zeroData(first.dtype, checkedSize(shape, maxHostElements));
  const slots = data as WritableArray;
  const outer = data.length === 0 ? 0 : sizeOf(shape.slice(0, axis));
  const rows = xs.map((x) => (outer === 0 ? 0 : x.data.length / outer));
  let at = 0;
  for (let o = 0; o < outer; o++) {
    xs.forEach((x, i) => {
      for (let k = 0; k < rows[i]!; k++) slots[at++] = x.data[o * rows[i]! + k]!;
    });
  }
  return { dtype: first.dtype, shape, data };
}

/**
 * Takes slices at indices along an axis; negative indices count from the end. The axis is replaced by the indices'
 * shape.
 *
 * @throws {RangeError} when an index is out of range.
 */
export function gatherElements(x: HostArray, indices: HostArray, axis: number): HostArray {
  const length = x.shape[axis]!;
  const at = gatherIndices(indices, length);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const before = sizeOf(x.shape.slice(0, axis));
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const data = zeroData(x.dtype, checkedSize(shape, maxHostElements));
  const slots = data as WritableArray;
  const outer = data.length === 0 ? 0 : before;
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of at) {
      for (let k = 0; k < inner; k++) slots[to++] = x.data[(o * length + index) * inner + k]!;
    }
  }
  return { dtype: x.dtype, shape, data };
}

/** Indices in [0, length), with negative ones resolved. */
function gatherIndices(indices: HostArray, length: number): number[] {
  return toNumbers(indices).map((index) => {
    if (index < -length || index >= length)
      throw new RangeError(`indices: expected −${length} to ${length - 1}, got ${index}`);
    return index < 0 ? index + length : index;
  });
}

/** Copies a range of x. */
export function sliceElements(x: HostArray, range: SliceRange): HostArray {
  const own = stridesOf(x.shape);
  const offset = range.begins.reduce((sum, begin, axis) => sum + begin * own[axis]!, 0);
  return copyStrided(
    x,
    range.sizes,
    own.map((stride, axis) => stride * range.steps[axis]!),
    offset,
  );
}
