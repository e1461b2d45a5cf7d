import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { flag, ignored, ints } from "../attribute-kinds.js";
import { type PlaneWindow, planeOf } from "../dimensions.js";
import type { KnownValue } from "../host-array.js";
import { defineOperator, float } from "./operator.js";
import { isPool2x2, type PoolAttributes, poolAttributes, poolCost, pooledValue, poolWindow } from "./pool-window.js";
import { windows } from "./scaling.js";
import { spatial } from "./tracks.js";

const inferPool = ([x]: readonly [KnownValue], attributes: PoolAttributes): KnownValue[] => [
  pooledValue(float(x), attributes, 2),
];

/** Runs a pool over two axes on an input with one or two spatial axes. */
function pooled(
  x: Tensor,
  attributes: PoolAttributes,
  pool: (x: Tensor, window: PlaneWindow, output: readonly number[]) => Tensor,
): Tensor[] {
  const window = poolWindow(attributes, x.shape, 2);
  if (x.shape.length === 4) return [pool(x, planeOf(window), window.output)];
  const [n, c, width] = x.shape as [number, number, number];
  const y = pool(ops.reshape(x, [n, c, 1, width]), planeOf(window), [1, ...window.output]);
  return [ops.reshape(y, [n, c, y.shape[3]!])];
}

/** Maximum of each window; padding is ignored. */
export const maxPool = defineOperator({
  name: "MaxPool",
  since: 1,
  inputs: [1, 1],
  declares: 2,
  attributes: {
    ...poolAttributes,
    dilations: ints({ min: 1, since: 10 }),
    // It orders the Indices output, which is not supported.
    storage_order: ignored({ since: 8 }),
  },
  traits: {
    tail: true,
    selectsLargest: true,
    scaling: windows,
    absorbedAs: (attributes, { outputs }) => (outputs.length === 1 && isPool2x2(attributes) ? "pool" : undefined),
    cost: poolCost,
  },
  limits: "one or two spatial axes; float input; no Indices output",
  track: spatial,
  infer: inferPool,
  run: ([x], attributes) =>
    pooled(x, attributes, (plane, window) => ops.maxPool2d(plane, { ...window, ceilMode: attributes.ceil_mode })),
  integers: null,
});

/** Mean of each window. With count_include_pad, padding counts as zeros. */
export const averagePool = defineOperator({
  name: "AveragePool",
  since: 1,
  inputs: [1, 1],
  attributes: {
    ...poolAttributes,
    dilations: ints({ min: 1, since: 19 }),
    count_include_pad: flag(false, { since: 7 }),
  },
  traits: { tail: true, scaling: windows, cost: poolCost },
  limits: "one or two spatial axes",
  track: spatial,
  infer: inferPool,
  run: ([x], attributes) => {
    const { ceil_mode: ceilMode, count_include_pad: countIncludePad } = attributes;
    return pooled(x, attributes, (plane, window, output) => {
      if (window.dilations.some((n) => n !== 1)) return dilatedMean(plane, window, output, countIncludePad);
      const { kernel, strides, pads } = window;
      return ops.avgPool2d(plane, { kernel, strides, pads, ceilMode, countIncludePad });
    });
  },
  integers: null,
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
  since: 1,
  inputs: [1, 1],
  attributes: {},
  traits: { scaling: windows },
  track: spatial,
  infer: ([x]) => {
    const { shape } = float(x);
    if (shape.length < 3) throw new RangeError(`expected an input of rank 3 or more, got [${shape.join(", ")}]`);
    return [{ dtype: "f32", shape: shape.map((n, axis) => (axis < 2 ? n : 1)) }];
  },
  run: ([x]) => {
    if (x.shape.length === 4) return [ops.globalAvgPool(x)];
    return [ops.reduceMean(x, { axes: x.shape.map((_, axis) => axis).slice(2), keepDims: true })];
  },
  integers: null,
});
