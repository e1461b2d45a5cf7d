import * as ops from "@neft/tensor";
import { element, int } from "../attribute-kinds.js";
import type { HostArray } from "../host-array.js";
import { checkedSize, int64Array, maxHostElements } from "../host-array.js";
import { defineOperator, type ElementsCall, integersOf, type RunCall } from "./operator.js";
import { ignores } from "./scaling.js";
import { failMixed } from "./tracks.js";

interface ShapeRange {
  readonly start: number;
  readonly end: number | undefined;
}

function sizesOf(shape: readonly number[], { start, end = shape.length }: ShapeRange): HostArray {
  const rank = shape.length;
  return int64Array(shape.slice(ops.clampPosition(start, rank), ops.clampPosition(end, rank)));
}

/** Sizes of x from axis `start` up to, not including, `end`, as i64. */
export const shape = defineOperator({
  name: "Shape",
  since: 1,
  inputs: [1, 1],
  attributes: { start: int({ default: 0, since: 15 }), end: int({ since: 15 }) },
  traits: { scaling: ignores },
  track: null,
  infer: ([x], range) => [sizesOf(x.shape, range)],
  run: ([x], range) => {
    const sizes = sizesOf(x.shape, range);
    return [ops.tensor(sizes.data as BigInt64Array, sizes.shape, "i64")];
  },
  integers: ([x], range) => [sizesOf(x.shape, range)],
});

/** Tensor of the shape given as input, filled with the element `value`. */
export const constantOfShape = defineOperator({
  name: "ConstantOfShape",
  since: 9,
  inputs: [1, 1],
  attributes: { value: element() },
  traits: {},
  track: failMixed,
  infer: (_, { value }, call) => [{ dtype: value.dtype, shape: integersOf(call, 0)! }],
  run: (_, { value }, call) => {
    const { data, shape: sizes, dtype } = filled(call, value);
    return [ops.tensor(data, sizes, dtype)];
  },
  integers: (_, { value }, call) => [filled(call, value)],
});

function filled(call: RunCall | ElementsCall, value: HostArray): HostArray {
  const sizes = integersOf(call, 0)!;
  const data = ops.zeroData(value.dtype, checkedSize(sizes, maxHostElements));
  data.fill(value.data[0] as never);
  return { dtype: value.dtype, shape: sizes, data };
}
