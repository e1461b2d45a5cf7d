import type { DType } from "@neft/tensor";
import { axesOf, axisOf, broadcastShape } from "./dimensions.js";
import type { HostArray, Slots } from "./host-array.js";
import { hostData, mostHostElements, sizeOf, strided, stridesOf, toNumbers } from "./host-array.js";

/** Evaluation on typed arrays: shapes, axes, indices and labels never enter WebAssembly. */

export type IntegerArithmetic = "add" | "sub" | "mul" | "div";

/** Elementwise arithmetic with broadcasting; integers wrap at their width, division truncates, as ONNX has it. */
export function integerArithmetic(kind: IntegerArithmetic, a: HostArray, b: HostArray): HostArray {
  if (a.dtype !== b.dtype) throw new TypeError(`expected operands of one dtype, got ${a.dtype} and ${b.dtype}`);
  if (a.dtype === "bool") throw new TypeError("expected operands that are numbers, got bool");
  const shape = broadcastShape(a.shape, b.shape);
  const left = expand(a, shape).data;
  const right = expand(b, shape).data;
  const data = hostData(a.dtype, left.length);
  const slots = data as Slots;
  for (let i = 0; i < left.length; i++) slots[i] = combine(kind, left[i]!, right[i]!);
  return { dtype: a.dtype, shape, data };
}

function combine(kind: IntegerArithmetic, a: number | bigint, b: number | bigint): number | bigint {
  if (kind === "div" && Number(b) === 0) throw new RangeError("expected divisors other than 0, got 0");
  if (typeof a === "bigint" && typeof b === "bigint") {
    const value = kind === "add" ? a + b : kind === "sub" ? a - b : kind === "mul" ? a * b : a / b;
    return BigInt.asIntN(64, value);
  }
  const [m, n] = [a as number, b as number];
  return kind === "add" ? m + n : kind === "sub" ? m - n : kind === "mul" ? Math.imul(m, n) : Math.trunc(m / n);
}

/** Clamps to [low, high]; an absent bound does not bind. */
export function clipIntegers(x: HostArray, low: HostArray | undefined, high: HostArray | undefined): HostArray {
  const data = x.data.slice();
  const slots = data as Slots;
  const [least, most] = [low?.data[0], high?.data[0]];
  for (let i = 0; i < data.length; i++) {
    if (least !== undefined && slots[i]! < least) slots[i] = least;
    if (most !== undefined && slots[i]! > most) slots[i] = most;
  }
  return { ...x, data };
}

/** Any dtype to any other: to integers truncating and wrapping, to bool as "not 0". */
export function castElements(x: HostArray, dtype: DType): HostArray {
  if (dtype === x.dtype) return x;
  const data = hostData(dtype, x.data.length);
  const slots = data as Slots;
  for (let i = 0; i < x.data.length; i++) {
    const value = x.data[i]!;
    if (dtype === "bool") slots[i] = Number(value) === 0 ? 0 : 1;
    else if (dtype === "i64") slots[i] = typeof value === "bigint" ? value : wholeBigInt(value);
    else if (typeof value === "bigint")
      slots[i] = dtype === "f32" || dtype === "f64" ? Number(value) : Number(BigInt.asIntN(32, value));
    else slots[i] = dtype === "f32" || dtype === "f64" ? value : Math.trunc(value);
  }
  return { dtype, shape: x.shape, data };
}

/** Not finite or beyond 64 bits has no integer: the least one, as x86 gives it. */
function wholeBigInt(value: number): bigint {
  return Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : -(2n ** 63n);
}

export function expand(x: HostArray, shape: readonly number[]): HostArray {
  sizeOf(shape, mostHostElements);
  const own = stridesOf(x.shape);
  const shift = shape.length - x.shape.length;
  const strides = shape.map((_, axis) => (axis < shift || x.shape[axis - shift] === 1 ? 0 : own[axis - shift]!));
  return strided(x, shape, strides, 0);
}

export function transposeElements(x: HostArray, perm: readonly number[]): HostArray {
  const own = stridesOf(x.shape);
  return strided(
    x,
    perm.map((axis) => x.shape[axis]!),
    perm.map((axis) => own[axis]!),
    0,
  );
}

export function concatElements(xs: readonly HostArray[], axis: number): HostArray {
  const first = xs[0]!;
  const shape = [...first.shape];
  shape[axis] = xs.reduce((sum, x) => sum + x.shape[axis]!, 0);
  const data = hostData(first.dtype, sizeOf(shape, mostHostElements));
  const slots = data as Slots;
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

/** Takes slices along an axis; negative indices count from the end. Shape: x's with the axis replaced by the indices' shape. */
export function gatherElements(x: HostArray, indices: HostArray, axis: number): HostArray {
  const length = x.shape[axis]!;
  const at = gatherIndices(indices, length);
  const inner = sizeOf(x.shape.slice(axis + 1));
  const before = sizeOf(x.shape.slice(0, axis));
  const shape = [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)];
  const data = hostData(x.dtype, sizeOf(shape, mostHostElements));
  const slots = data as Slots;
  const outer = data.length === 0 ? 0 : before;
  let to = 0;
  for (let o = 0; o < outer; o++) {
    for (const index of at) {
      for (let k = 0; k < inner; k++) slots[to++] = x.data[(o * length + index) * inner + k]!;
    }
  }
  return { dtype: x.dtype, shape, data };
}

/** Indices in [0, length), the negative ones resolved. */
export function gatherIndices(indices: HostArray, length: number): number[] {
  return toNumbers(indices).map((index) => {
    if (index < -length || index >= length)
      throw new RangeError(`indices: expected −${length} to ${length - 1}, got ${index}`);
    return index < 0 ? index + length : index;
  });
}

/** A slice resolved for one shape: where it begins, its step and its size along every axis. */
export interface SliceRange {
  readonly begins: number[];
  readonly steps: number[];
  readonly sizes: number[];
}

/** ONNX Slice's rules: negative positions count from the end, positions are clamped, steps may be negative. */
export function sliceRange(
  shape: readonly number[],
  slice: { starts: readonly number[]; ends: readonly number[]; axes?: readonly number[]; steps?: readonly number[] },
): SliceRange {
  const { starts, ends } = slice;
  const axes = (slice.axes ?? starts.map((_, i) => i)).map((axis) => axisOf(axis, shape.length, "axes"));
  const steps = slice.steps ?? starts.map(() => 1);
  if (ends.length !== starts.length || axes.length !== starts.length || steps.length !== starts.length) {
    throw new RangeError(
      `expected starts, ends, axes and steps of one length, got ${starts.length}, ${ends.length}, ${axes.length} and ${steps.length}`,
    );
  }
  axesOf(axes, shape.length);
  const range: SliceRange = { begins: shape.map(() => 0), steps: shape.map(() => 1), sizes: [...shape] };
  axes.forEach((axis, i) => {
    const size = shape[axis]!;
    const step = steps[i]!;
    if (step === 0) throw new RangeError("steps: expected steps other than 0, got 0");
    const place = (n: number, low: number, high: number) => Math.min(Math.max(n < 0 ? n + size : n, low), high);
    const begin = step > 0 ? place(starts[i]!, 0, size) : place(starts[i]!, 0, size - 1);
    const end = step > 0 ? place(ends[i]!, 0, size) : place(ends[i]!, -1, size - 1);
    range.begins[axis] = begin;
    range.steps[axis] = step;
    range.sizes[axis] = Math.max(0, Math.ceil((end - begin) / step));
  });
  return range;
}

export function sliceElements(x: HostArray, range: SliceRange): HostArray {
  const own = stridesOf(x.shape);
  const offset = range.begins.reduce((sum, begin, axis) => sum + begin * own[axis]!, 0);
  return strided(
    x,
    range.sizes,
    own.map((stride, axis) => stride * range.steps[axis]!),
    offset,
  );
}
