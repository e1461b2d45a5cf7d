import * as ops from "@neft/tensor";
import { floatAttribute, intAttribute, textAttribute } from "../attributes.js";
import type { GraphNode } from "../graph.js";
import type { HostArray } from "../host-array.js";
import { checkedSize, int64Array, maxHostElements } from "../host-array.js";
import { castTargets } from "./casting.js";
import type { ElementsCall, RunCall } from "./operator.js";
import { defineOperator, integersOf, need } from "./operator.js";

/** Sizes of x from axis `start` up to, not including, `end`, as i64. */
export const shape = defineOperator({
  name: "Shape",
  arity: [1, 1],
  infer: ({ node, inputs }) => [shapeElements(node, need(inputs, 0).shape)],
  run: ({ node, inputs }) => {
    const sizes = shapeElements(node, need(inputs, 0).shape);
    return [ops.tensor(sizes.data as BigInt64Array, sizes.shape, "i64")];
  },
  elements: ({ node, inputs }) => [shapeElements(node, need(inputs, 0).shape)],
});

function shapeElements(node: GraphNode, sizes: readonly number[]): HostArray {
  const rank = sizes.length;
  const position = (name: string, fallback: number) => ops.clampPosition(intAttribute(node, name, fallback), rank);
  return int64Array(sizes.slice(position("start", 0), position("end", rank)));
}

/** Tensor of the shape given as input, filled with the attribute `value`, of the dtype `dtype`. */
export const constantOfShape = defineOperator({
  name: "ConstantOfShape",
  arity: [1, 1],
  infer: (call) => [{ dtype: textAttribute(call.node, "dtype", castTargets, "f32"), shape: integersOf(call, 0) ?? [] }],
  run: (call) => {
    const { data, shape: sizes, dtype } = filledElements(call);
    return [ops.tensor(data, sizes, dtype)];
  },
  elements: (call) => [filledElements(call)],
});

function filledElements(call: RunCall | ElementsCall): HostArray {
  const sizes = integersOf(call, 0) ?? [];
  const dtype = textAttribute(call.node, "dtype", castTargets, "f32");
  const data = ops.zeroData(dtype, checkedSize(sizes, maxHostElements));
  const value = floatAttribute(call.node, "value", 0);
  data.fill((dtype === "i64" ? BigInt(value) : value) as never);
  return { dtype, shape: sizes, data };
}
