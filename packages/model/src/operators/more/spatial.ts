import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { int, ints } from "../../attribute-kinds.js";
import type { HostArray, HostData, KnownValue } from "../../host-array.js";
import { spatialConvolutionMap } from "../../maps/convolution.js";
import * as convolutions from "../convolution.js";
import { type ConvolutionValues, convolutionShape, convolutionWindow } from "../convolution-shape.js";
import { defineOperator, float, type Operator, type RunCall } from "../operator.js";
import { type PoolAttributes, poolAttributes, poolCost, pooledValue, poolWindow } from "../pool-window.js";
import * as pools from "../pooling.js";
import { product } from "../product.js";
import { windows } from "../scaling.js";
import { spatial } from "../tracks.js";
import { checkRank } from "./vectors.js";

// Convolutions and pools over up to three axes, with all outputs and types. They compute what the smaller set has by
// its rows.

const limits = "one to three spatial axes";
const anyKernel = ints({ required: true, min: 1 });

/** The row with other parts. */
const extended = (row: Operator, parts: object): Operator => Object.freeze({ ...row, ...parts, extends: row });

/** Convolution over one to three axes. On a crossbar, a filter is one bit line. */
export const conv: Operator = extended(convolutions.conv, {
  attributes: { ...convolutions.conv.attributes, kernel_shape: ints({ min: 1 }) },
  limits,
  infer: (inputs: readonly KnownValue[], attributes: ConvolutionValues): KnownValue[] => {
    float(inputs[0]!, 0);
    float(inputs[1]!, 1);
    return [{ dtype: "f32", shape: convolutionShape(inputs, attributes, 3) }];
  },
  run: (inputs: readonly Tensor[], attributes: ConvolutionValues, call: RunCall): readonly Tensor[] => {
    const [x, w, bias] = inputs as readonly [Tensor, Tensor, Tensor | undefined];
    if (x.shape.length < 5) return convolutions.conv.run(inputs, attributes as never, call);
    const map = spatialConvolutionMap({ window: convolutionWindow(x, w, attributes, 3), groups: attributes.group });
    return [product(call, { weight: 1, input: x, map, epilogue: { bias, rectified: call.rectified } })];
  },
});

/** Window of a pool as the tensor operations take it. */
function windowOf(attributes: PoolAttributes, shape: readonly number[]): ops.SpatialPoolAttributes {
  const { kernel, strides, dilations, pads } = poolWindow(attributes, shape, 3);
  return { kernel, strides, dilations, pads, ceilMode: attributes.ceil_mode };
}

type MaxPoolAttributes = PoolAttributes & { readonly storage_order: number };
type AveragePoolAttributes = PoolAttributes & { readonly count_include_pad: boolean };

/** Maximum of each window, and its position in x. */
export const maxPool: Operator = extended(pools.maxPool, {
  outputs: 2,
  attributes: {
    ...poolAttributes,
    kernel_shape: anyKernel,
    dilations: ints({ min: 1, since: 10 }),
    storage_order: int({ default: 0, min: 0, max: 1, since: 8 }),
  },
  limits,
  infer: ([x]: readonly KnownValue[], attributes: MaxPoolAttributes): KnownValue[] => {
    const y = pooledValue(x!, attributes, 3);
    return [y, { dtype: "i64", shape: y.shape }];
  },
  run: (inputs: readonly Tensor[], attributes: MaxPoolAttributes, call: RunCall): readonly Tensor[] => {
    const [x] = inputs as readonly [Tensor];
    const hasIndices = call.node.outputs.length > 1;
    if (x.shape.length < 5 && !hasIndices) return pools.maxPool.run(inputs, attributes, call);
    const window = windowOf(attributes, x.shape);
    if (!hasIndices) return [ops.maxPool(x, window)];
    const order = attributes.storage_order === 1 ? "column" : "row";
    const { y, indices } = ops.maxPoolWithIndices(x, { ...window, order });
    return [y, indices];
  },
  integers: (inputs: readonly HostArray[], attributes: MaxPoolAttributes): HostArray[] => {
    const [x] = inputs as readonly [HostArray];
    const found = ops.maxPoolPositions("", x.data as never, x.shape, windowOf(attributes, x.shape));
    const { positions, shape } = found;
    const data = ops.zeroData(x.dtype, positions.length) as Int32Array<ArrayBuffer>;
    positions.forEach((from, to) => {
      data[to] = x.data[from] as number;
    });
    const indices = attributes.storage_order === 1 ? ops.columnMajor(positions, x.shape) : positions;
    const y: HostArray = { dtype: x.dtype, shape, data: data as HostData };
    return [y, { dtype: "i64", shape, data: BigInt64Array.from(indices, BigInt) }];
  },
});

/** Mean of each window. */
export const averagePool: Operator = extended(pools.averagePool, {
  attributes: { ...pools.averagePool.attributes, kernel_shape: anyKernel },
  limits,
  infer: ([x]: readonly KnownValue[], attributes: AveragePoolAttributes) => [pooledValue(float(x!), attributes, 3)],
  run: (inputs: readonly Tensor[], attributes: AveragePoolAttributes, call: RunCall): readonly Tensor[] => {
    const [x] = inputs as readonly [Tensor];
    if (x.shape.length < 5) return pools.averagePool.run(inputs, attributes, call);
    const { count_include_pad: countIncludePad } = attributes;
    return [ops.avgPool(x, { ...windowOf(attributes, x.shape), countIncludePad })];
  },
});

const order = int({ default: 2, min: 1, max: 64 });

/** p-norm of each window; padding counts as zeros. */
export const lpPool = defineOperator({
  name: "LpPool",
  since: 2,
  inputs: [1, 1],
  attributes: {
    ...poolAttributes,
    kernel_shape: anyKernel,
    p: order,
    ceil_mode: { ...poolAttributes.ceil_mode, since: 18 },
    dilations: ints({ min: 1, since: 18 }),
  },
  traits: { tail: true, scaling: windows, cost: poolCost },
  limits: "one to three spatial axes; p up to 64",
  track: spatial,
  infer: ([x], attributes) => [pooledValue(float(x), attributes, 3)],
  run: ([x], attributes) => [ops.lpPool(x, { ...windowOf(attributes, x.shape), p: attributes.p })],
  integers: null,
});

/** [N, C, 1, …] for an input [N, C, …]. */
const global = (x: KnownValue): KnownValue[] => {
  checkRank(float(x), 3);
  return [{ dtype: "f32", shape: x.shape.map((n, axis) => (axis < 2 ? n : 1)) }];
};

/** Maximum over all spatial axes, which keep size 1. */
export const globalMaxPool = defineOperator({
  name: "GlobalMaxPool",
  since: 1,
  inputs: [1, 1],
  attributes: {},
  traits: { tail: true, selectsLargest: true, scaling: windows },
  track: spatial,
  infer: ([x]) => global(x),
  run: ([x]) => [ops.globalMaxPool(x)],
  integers: null,
});

/** p-norm over all spatial axes, which keep size 1. */
export const globalLpPool = defineOperator({
  name: "GlobalLpPool",
  since: 2,
  inputs: [1, 1],
  attributes: { p: order },
  traits: { tail: true, scaling: windows },
  limits: "p up to 64",
  track: spatial,
  infer: ([x]) => global(x),
  run: ([x], { p }) => [ops.globalLpPool(x, { p })],
  integers: null,
});
