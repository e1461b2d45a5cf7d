import {
  axisOf,
  broadcastShapes,
  checkPoolPads,
  outputSize,
  sizeOf,
  type WindowAttributes,
  windowAxes,
} from "@neft/tensor";
import { maxAxes } from "./host-array.js";

/**
 * Axes in 0..rank − 1, ascending; negative ones count from the end.
 *
 * @throws {RangeError} for an axis out of range or given twice, and for a rank above 64.
 */
export function axesOf(axes: readonly number[], rank: number, who = "axes"): number[] {
  if (rank > maxAxes) throw new RangeError(`${who}: expected at most ${maxAxes} axes, got ${rank}`);
  const all = axes.map((axis) => axisOf(who, axis, rank));
  if (new Set(all).size < all.length) throw new RangeError(`${who}: expected each axis once, got [${axes.join(", ")}]`);
  return all.sort((a, b) => a - b);
}

/**
 * Shape of a matrix product over the last two axes, with NumPy's rules for vectors and batches of matrices.
 *
 * @throws {RangeError} for a scalar, or inner sizes that differ.
 */
export function matmulShape(a: readonly number[], b: readonly number[]): number[] {
  if (a.length === 0 || b.length === 0) throw new RangeError("expected operands of rank 1 or more, got a scalar");
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  if (left.at(-1) !== right.at(-2)) {
    throw new RangeError(`expected equal inner sizes, got [${a.join(", ")}] and [${b.join(", ")}]`);
  }
  const shape = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  if (a.length > 1) shape.push(left.at(-2)!);
  if (b.length > 1) shape.push(right.at(-1)!);
  return shape;
}

/**
 * Resolves the target shape of a Reshape: 0 copies the input's size unless `allowZero`, and one −1 is inferred.
 *
 * @throws {RangeError} when the number of elements would change.
 */
export function reshapeTarget(shape: readonly number[], target: readonly number[], allowZero: boolean): number[] {
  const size = sizeOf(shape);
  const got = () => `[${shape.join(", ")}] to [${target.join(", ")}]`;
  const result = target.map((n, axis) => {
    if (n < -1) throw new RangeError(`expected sizes of −1 or more in a new shape, got ${got()}`);
    if (n !== 0 || allowZero) return n;
    const copied = shape[axis];
    if (copied === undefined) throw new RangeError(`expected 0 only where the input has an axis, got ${got()}`);
    return copied;
  });
  const open = result.indexOf(-1);
  if (open >= 0) {
    if (result.lastIndexOf(-1) !== open) throw new RangeError(`expected at most one −1 in a new shape, got ${got()}`);
    const rest = sizeOf(result.filter((n) => n !== -1));
    if (rest === 0 || size % rest !== 0) throw new RangeError(`expected a new shape of ${size} elements, got ${got()}`);
    result[open] = size / rest;
  } else if (sizeOf(result) !== size) {
    throw new RangeError(`expected a new shape of ${size} elements, got ${got()}`);
  }
  return result;
}

/** Window of a convolution or pool over spatial axes, resolved for one input size. Units: pixels. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** ONNX order: all begins, then all ends. */
  readonly pads: readonly number[];
  /** Output size of each axis. */
  readonly output: readonly number[];
}

/** Attributes of a window, with their defaults undefined. */
interface GivenWindow {
  readonly strides?: readonly number[] | undefined;
  readonly dilations?: readonly number[] | undefined;
  readonly pads?: readonly number[] | undefined;
  readonly auto_pad?: "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER" | undefined;
  readonly ceil_mode?: boolean | undefined;
}

/**
 * Resolves strides, dilations, pads or auto_pad, and ceil_mode, for one image [channels, …spatial].
 *
 * With ceil_mode, a last window that would start in the end padding is dropped.
 *
 * @param isPool  Refuses windows that cover padding only. Default: false.
 * @throws {RangeError} when a window doesn't fit the image.
 */
export function windowOf(
  { strides: givenStrides, dilations: givenDilations, pads: givenPads, auto_pad, ceil_mode }: GivenWindow,
  image: readonly number[],
  kernel: readonly number[],
  { isPool = false }: { readonly isPool?: boolean } = {},
): Window {
  const spatial = image.slice(1);
  const rank = spatial.length;
  const ones = new Array<number>(rank).fill(1);
  const strides = givenStrides ?? ones;
  const dilations = givenDilations ?? ones;
  const explicit = givenPads ?? new Array<number>(2 * rank).fill(0);
  const pads = paddingOf(auto_pad ?? "NOTSET", spatial, { kernel, strides, dilations, pads: explicit });
  const axes = windowAxes("", image, { kernel, strides, dilations, pads });
  if (isPool) checkPoolPads("", axes);
  return { kernel, strides, dilations, pads, output: axes.map((axis) => outputSize(axis, ceil_mode === true)) };
}

/**
 * Padding of an auto_pad mode: VALID has none, SAME gives ⌈size/stride⌉ outputs, with an odd pixel at the end
 * (SAME_UPPER) or the front (SAME_LOWER).
 */
function paddingOf(
  autoPad: "NOTSET" | "VALID" | "SAME_UPPER" | "SAME_LOWER",
  spatial: readonly number[],
  { kernel, strides, dilations, pads }: WindowAttributes,
): readonly number[] {
  if (autoPad === "NOTSET") return pads;
  const totals = spatial.map((size, axis) => {
    if (autoPad === "VALID") return 0;
    const [stride, reach] = [strides[axis]!, (kernel[axis]! - 1) * dilations[axis]! + 1];
    return Math.max(0, (Math.ceil(size / stride) - 1) * stride + reach - size);
  });
  const small = totals.map((total) => Math.floor(total / 2));
  const large = totals.map((total, axis) => total - small[axis]!);
  return autoPad === "SAME_LOWER" ? [...large, ...small] : [...small, ...large];
}

/** Window over two axes, as the tensor operations take it. */
export interface PlaneWindow {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** [top, left, bottom, right]. */
  readonly pads: readonly [number, number, number, number];
}

/** Window over one or two axes as a window over two. A missing first axis gets size 1. */
export function planeOf({ kernel, strides, dilations, pads }: Window): PlaneWindow {
  const pair = (values: readonly number[], fallback: number): [number, number] =>
    values.length === 1 ? [fallback, values[0]!] : [values[0]!, values[1]!];
  const half = pads.length / 2;
  return {
    kernel: pair(kernel, 1),
    strides: pair(strides, 1),
    dilations: pair(dilations, 1),
    pads: [...pair(pads.slice(0, half), 0), ...pair(pads.slice(half), 0)],
  };
}
