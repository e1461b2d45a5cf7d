import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { intAttribute, intsAttribute } from "../attributes.js";
import type { PlaneWindow, Window } from "../dimensions.js";
import { planeOf, windowOf } from "../dimensions.js";
import type { GraphNode } from "../graph.js";
import type { InferCall, KnownValue, RunCall } from "./operator.js";
import { defineOperator, need, needFloat } from "./operator.js";

function poolWindow(node: GraphNode, shape: readonly number[]): Window {
  if (shape.length < 3 || shape.length > 4) {
    throw new RangeError(`expected an input of rank 3 or 4, got [${shape.join(", ")}]`);
  }
  const kernel = intsAttribute(node, "kernel_shape");
  if (kernel === undefined) throw new Error("kernel_shape: expected a list of integers, got none");
  return windowOf(node, shape.slice(1), kernel, { isPool: true });
}

function inferPool({ node, inputs }: InferCall): KnownValue[] {
  const x = needFloat(inputs, 0);
  return [{ dtype: "f32", shape: [...x.shape.slice(0, 2), ...poolWindow(node, x.shape).output] }];
}

/** Runs a pool over two axes on an input with one or two spatial axes. */
function pooled(call: RunCall, pool: (x: Tensor, window: PlaneWindow, output: readonly number[]) => Tensor): Tensor[] {
  const x = need(call.inputs, 0);
  const window = poolWindow(call.node, x.shape);
  if (x.shape.length === 4) return [pool(x, planeOf(window), window.output)];
  const [n, c, width] = x.shape as [number, number, number];
  const y = pool(ops.reshape(x, [n, c, 1, width]), planeOf(window), [1, ...window.output]);
  return [ops.reshape(y, [n, c, y.shape[3]!])];
}

/** Maximum of each window; padding is ignored. */
export const maxPool = defineOperator({
  name: "MaxPool",
  arity: [1, 1],
  infer: inferPool,
  run: (call) => {
    const ceilMode = intAttribute(call.node, "ceil_mode", 0) !== 0;
    return pooled(call, (x, window) => ops.maxPool2d(x, { ...window, ceilMode }));
  },
  elements: null,
});

/** Mean of each window. With count_include_pad, padding counts as zeros. */
export const averagePool = defineOperator({
  name: "AveragePool",
  arity: [1, 1],
  infer: inferPool,
  run: (call) => {
    const ceilMode = intAttribute(call.node, "ceil_mode", 0) !== 0;
    const countIncludePad = intAttribute(call.node, "count_include_pad", 0) !== 0;
    return pooled(call, (x, window, output) => {
      if (window.dilations.some((n) => n !== 1)) return dilatedMean(x, window, output, countIncludePad);
      const { kernel, strides, pads } = window;
      return ops.avgPool2d(x, { kernel, strides, pads, ceilMode, countIncludePad });
    });
  },
  elements: null,
});

/**
 * Mean of dilated windows, as sum/count. Both are convolutions with ones: of the values, and of a plane that is 1
 * where a value counts. x: [N, C, H, W].
 */
function dilatedMean(x: Tensor, window: PlaneWindow, output: readonly number[], countIncludePad: boolean): Tensor {
  const { kernel, strides, dilations, pads } = window;
  const [n, c, height, width] = x.shape as [number, number, number, number];
  const padded = (plane: Tensor, value: number) => {
    // With ceil_mode, the last window may reach beyond the padding. Pixels there are not counted.
    const reach = [0, 1].map((i) => (output[i]! - 1) * strides[i]! + (kernel[i]! - 1) * dilations[i]! + 1);
    const beyond = [0, 1].map((i) => Math.max(0, reach[i]! - plane.shape[2 + i]! - pads[i]! - pads[2 + i]!));
    const inner = ops.pad(plane, { pads: [0, 0, pads[0], pads[1], 0, 0, pads[2], pads[3]], value });
    return ops.pad(inner, { pads: [0, 0, 0, 0, 0, 0, ...beyond] });
  };
  const ones = ops.full([1, 1, ...kernel], 1);
  const sum = (plane: Tensor) => ops.conv2d(plane, ones, undefined, { strides, dilations });
  const sums = sum(padded(ops.reshape(x, [n * c, 1, height, width]), 0));
  const counts = sum(padded(ops.full([1, 1, height, width], 1), countIncludePad ? 1 : 0));
  return ops.reshape(ops.div(sums, counts), [n, c, ...sums.shape.slice(2)]);
}

/** Mean over all spatial axes, which keep size 1. x: [N, C, …]. */
export const globalAveragePool = defineOperator({
  name: "GlobalAveragePool",
  arity: [1, 1],
  infer: ({ inputs }) => {
    const x = needFloat(inputs, 0);
    if (x.shape.length < 3) throw new RangeError(`expected an input of rank 3 or more, got [${x.shape.join(", ")}]`);
    return [{ dtype: "f32", shape: x.shape.map((n, axis) => (axis < 2 ? n : 1)) }];
  },
  run: ({ inputs }) => {
    const x = need(inputs, 0);
    if (x.shape.length === 4) return [ops.globalAvgPool(x)];
    return [ops.reduceMean(x, { axes: x.shape.map((_, axis) => axis).slice(2), keepDims: true })];
  },
  elements: null,
});
