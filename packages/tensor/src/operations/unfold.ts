import { wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { splitAt } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { outputSize, type WindowAttributes, type WindowAxis, windowAxes } from "../window.js";
import { gatherOp, pad } from "./indexing.js";
import { reshape, transpose } from "./layout.js";

/** Attributes of {@link addAlongAxis}. */
interface AddAttributes {
  /** Where each slice of x is added. */
  readonly indices: Int32Array;
  readonly axis: number;
  /** Size of the axis in y. */
  readonly size: number;
}

/** The gradient of a gather: adds slice i of x along an axis to slice indices[i] of y, which starts with zeros. */
export const addAlongAxis = defineOp<[x: Tensor], AddAttributes>({
  name: "addAlongAxis",
  shape: ([x], { axis, size }) => x.shape.map((dim, i) => (i === axis ? size : dim)),
  forward: ([x], { indices, axis }, y) => {
    wasm().fill(y.ptr, y.size, 0);
    wasm().scatterAdd(x.ptr, y.ptr, indices, ...splitAt(y.shape, axis));
  },
  vjp: [
    (dy, { inputs: [x], attributes: { indices, axis } }) => gatherOp(dy, { indices, shape: [x.shape[axis]!], axis }),
  ],
  keeps: [],
  examples: [{ inputs: [{ shape: [2, 4, 3] }], attributes: { indices: Int32Array.of(2, 0, 2, 4), axis: 1, size: 5 } }],
});

/** A window along one axis of a tensor, in elements. */
export interface AxisWindow extends Omit<WindowAxis, "size"> {
  readonly axis: number;
}

/** Positions along the axis that the windows read, window by window. */
const positionsOf = ({ kernel, stride, dilation }: AxisWindow, steps: number): Int32Array =>
  Int32Array.from({ length: steps * kernel }, (_, i) => Math.floor(i / kernel) * stride + (i % kernel) * dilation);

/** Pads one axis with zeros; negative numbers crop. */
function padAxis(x: Tensor, axis: number, before: number, after: number): Tensor {
  if (before === 0 && after === 0) return x;
  const at = (amount: number): number[] => x.shape.map((_, i) => (i === axis ? amount : 0));
  return pad(x, { pads: [...at(before), ...at(after)] });
}

/** The windows along one axis, which becomes two: [windows, kernel]. @throws {RangeError} as `windowAxes`. */
export function unfoldAxis(who: string, x: Tensor, window: AxisWindow): Tensor {
  const { axis, kernel, stride, dilation, before, after } = window;
  const numbers = { kernel: [kernel], strides: [stride], dilations: [dilation], pads: [before, after] };
  const steps = outputSize(windowAxes(`${who}: `, [1, x.shape[axis]!], numbers)[0]!);
  return gatherOp(padAxis(x, axis, before, after), {
    indices: positionsOf(window, steps),
    shape: [steps, kernel],
    axis,
  });
}

/** The gradient of {@link unfoldAxis}: adds windows, [windows, kernel] from `axis` on, to their places along one axis of size `size`. */
export function foldAxis(who: string, x: Tensor, window: AxisWindow, size: number): Tensor {
  const { axis, kernel, stride, dilation, before } = window;
  const steps = x.shape[axis]!;
  if (x.shape[axis + 1] !== kernel)
    throw new RangeError(`${who}: expected windows of ${kernel}, got ${x.shape[axis + 1]}`);
  const extent = (steps - 1) * stride + dilation * (kernel - 1) + 1;
  const merged = reshape(x, [...x.shape.slice(0, axis), steps * kernel, ...x.shape.slice(axis + 2)]);
  const full = addAlongAxis(merged, { indices: positionsOf(window, steps), axis, size: extent });
  return padAxis(full, axis, -before, size + before - extent);
}

/** Axes of windows beside the sizes of the windows: [n, c, o1, k1, o2, k2, ..] → [n, o1, o2, .., c, k1, k2, ..]. */
const windowsLast = (rank: number): number[] => [
  0,
  ...Array.from({ length: rank }, (_, i) => 2 + 2 * i),
  1,
  ...Array.from({ length: rank }, (_, i) => 3 + 2 * i),
];

/**
 * The windows that a convolution multiplies with its kernel.
 *
 * @param x  [n, c, ..sizes].
 * @returns [n, ..outputs, c, ..kernel].
 * @throws {RangeError} when the window doesn't fit.
 */
export function unfold(x: Tensor, { kernel, strides, dilations, pads }: WindowAttributes): Tensor {
  const rank = kernel.length;
  const windows = kernel.reduce(
    (y, size, i) =>
      unfoldAxis("unfold", y, {
        axis: 2 + 2 * i,
        kernel: size,
        stride: strides[i]!,
        dilation: dilations[i]!,
        before: pads[i]!,
        after: pads[rank + i]!,
      }),
    x,
  );
  return transpose(windows, { perm: windowsLast(rank) });
}
