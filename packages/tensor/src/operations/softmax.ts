import { wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { axisOf, splitAt } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";

/** Makes a softmax or a log-softmax along an axis ≥ 0. */
function makeSoftmax(name: "softmax" | "logSoftmax") {
  const isLogarithm = name === "logSoftmax";
  return defineOp<[x: Tensor], { readonly axis: number }>({
    name,
    shape: ([x]) => [...x.shape],
    forward: ([x], { axis }, y) => wasm().softmax(x.ptr, y.ptr, ...splitAt(x.shape, axis), isLogarithm),
    vjp: [
      (dy, { output, attributes: { axis } }) => {
        const dx = empty(dy.shape);
        wasm().softmaxGradient(dy.ptr, output.ptr, dx.ptr, ...splitAt(dy.shape, axis), isLogarithm);
        return dx;
      },
    ],
    keeps: ["output"],
    examples: [
      { inputs: [{ shape: [3, 5] }], attributes: { axis: 1 } },
      { inputs: [{ shape: [17] }], attributes: { axis: 0 } },
      { inputs: [{ shape: [2, 5, 3] }], attributes: { axis: 1 } },
      { inputs: [{ shape: [3, 7] }], attributes: { axis: 0 } },
    ],
  });
}

/** The operation of {@link softmax}, along an axis ≥ 0. */
export const softmaxOp = makeSoftmax("softmax");
/** The operation of {@link logSoftmax}, along an axis ≥ 0. */
export const logSoftmaxOp = makeSoftmax("logSoftmax");

/** Attributes of {@link softmax} and {@link logSoftmax}. */
export interface SoftmaxAttributes {
  /** The normalised axis; negative axes count from the end. Default: −1. */
  readonly axis?: number;
}

/** y = e^x / Σ e^x along an axis. @throws {RangeError} for an axis out of range. */
export function softmax(x: Tensor, { axis = -1 }: SoftmaxAttributes = {}): Tensor {
  return softmaxOp(x, { axis: axisOf("softmax", axis, x.shape.length) });
}

/** y = x − ln Σ e^x along an axis. @throws {RangeError} for an axis out of range. */
export function logSoftmax(x: Tensor, { axis = -1 }: SoftmaxAttributes = {}): Tensor {
  return logSoftmaxOp(x, { axis: axisOf("logSoftmax", axis, x.shape.length) });
}
