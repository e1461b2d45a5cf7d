import {
  axisOf,
  broadcastShapes,
  checkPoolPads,
  outputSize,
  sizeOf,
  type WindowAttributes,
  windowAxes,
} from "@neft/tensor";
import { intAttribute, intsAttribute, textAttribute } from "./attributes.js";
import type { GraphNode } from "./graph.js";
import { mostAxes } from "./host-array.js";

/** Axes as 0..rank − 1, ascending. @throws {RangeError} for one out of range or given twice, and for more than 64 axes. */
export function axesOf(axes: readonly number[], rank: number, who = "axes"): number[] {
  if (rank > mostAxes) throw new RangeError(`${who}: expected at most ${mostAxes} axes, got ${rank}`);
  const all = axes.map((axis) => axisOf(who, axis, rank));
  if (new Set(all).size < all.length) throw new RangeError(`${who}: expected each axis once, got [${axes.join(", ")}]`);
  return all.sort((a, b) => a - b);
}

/** Shape of a product over the last two axes, numpy's rules for ranks 1 and batches. */
export function matmulShape(a: readonly number[], b: readonly number[]): number[] {
  if (a.length === 0 || b.length === 0) throw new RangeError("expected operands of rank 1 or more, got a scalar");
  const left = a.length === 1 ? [1, ...a] : a;
  const right = b.length === 1 ? [...b, 1] : b;
  if (left.at(-1) !== right.at(-2)) {
    throw new RangeError(`expected inner sizes that agree, got [${a.join(", ")}] and [${b.join(", ")}]`);
  }
  const shape = broadcastShapes(left.slice(0, -2), right.slice(0, -2));
  if (a.length > 1) shape.push(left.at(-2)!);
  if (b.length > 1) shape.push(right.at(-1)!);
  return shape;
}

/**
 * The target of a Reshape with its special entries resolved: 0 copies the input's size (unless allowzero), one −1 takes
 * what is left.
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

/** A sliding window over spatial axes, everything resolved for one input size. */
export interface Window {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** ONNX order: all begins, then all ends. */
  readonly pads: readonly number[];
  /** Output sizes. */
  readonly output: readonly number[];
}

/**
 * Reads strides, dilations, pads or auto_pad, and ceil_mode of a node for one image at its input: [channels, …spatial].
 *
 * ceil_mode: a last window that would start in the padding after the input is dropped.
 * @param pools  Whether windows in the padding alone are refused.
 */
export function windowOf(
  node: GraphNode,
  image: readonly number[],
  kernel: readonly number[],
  { pools = false }: { readonly pools?: boolean } = {},
): Window {
  const spatial = image.slice(1);
  const rank = spatial.length;
  const ones = new Array<number>(rank).fill(1);
  const strides = intsAttribute(node, "strides") ?? ones;
  const dilations = intsAttribute(node, "dilations") ?? ones;
  const explicit = intsAttribute(node, "pads") ?? new Array<number>(2 * rank).fill(0);
  const autoPad = textAttribute(node, "auto_pad", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"], "NOTSET");
  const ceil = intAttribute(node, "ceil_mode", 0) !== 0;
  const pads = paddingOf(autoPad, spatial, { kernel, strides, dilations, pads: explicit });
  const axes = windowAxes("", image, { kernel, strides, dilations, pads });
  if (pools) checkPoolPads("", axes);
  return { kernel, strides, dilations, pads, output: axes.map((axis) => outputSize(axis, ceil)) };
}

/** The pads that auto_pad stands for: SAME gives ⌈size/stride⌉ outputs, an odd pad to the end (UPPER) or to the front (LOWER). */
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

/** A window over two axes, as the tensor operations take it. */
export interface PlaneWindow {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  /** [top, left, bottom, right]. */
  readonly pads: readonly [number, number, number, number];
}

/** A window over one or two axes as one over two; the first of one axis is of size 1. */
export function planeOf({ kernel, strides, dilations, pads }: Window): PlaneWindow {
  const pair = (values: readonly number[], otherwise: number): [number, number] =>
    values.length === 1 ? [otherwise, values[0]!] : [values[0]!, values[1]!];
  const half = pads.length / 2;
  return {
    kernel: pair(kernel, 1),
    strides: pair(strides, 1),
    dilations: pair(dilations, 1),
    pads: [...pair(pads.slice(0, half), 0), ...pair(pads.slice(half), 0)],
  };
}
