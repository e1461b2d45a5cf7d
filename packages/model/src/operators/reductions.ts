import * as ops from "@neft/tensor";
import { intAttribute } from "../attributes.js";
import { axesOf } from "../dimensions.js";
import type { InferCall, RunCall } from "./operator.js";
import { defineOperator, integersOf, need, needFloat } from "./operator.js";

function reducedAxes(call: InferCall | RunCall, rank: number): number[] {
  const given = integersOf(call, 1);
  if (given !== undefined && given.length > 0) return axesOf(given, rank);
  return intAttribute(call.node, "noop_with_empty_axes", 0) !== 0
    ? []
    : Array.from({ length: rank }, (_, axis) => axis);
}

/** Mean over the axes given as input. Default: all. They keep size 1 unless keepdims is 0. */
export const reduceMean = defineOperator({
  name: "ReduceMean",
  arity: [1, 2],
  infer: (call) => {
    const { shape } = needFloat(call.inputs, 0);
    const axes = reducedAxes(call, shape.length);
    const keep = intAttribute(call.node, "keepdims", 1) !== 0;
    const sizes = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    return [{ dtype: "f32", shape: keep ? sizes : sizes.filter((_, axis) => !axes.includes(axis)) }];
  },
  run: (call) => {
    const x = need(call.inputs, 0);
    const axes = reducedAxes(call, x.shape.length);
    if (axes.length === 0) return [x];
    return [ops.reduceMean(x, { axes, keepDims: intAttribute(call.node, "keepdims", 1) !== 0 })];
  },
  elements: null,
});
