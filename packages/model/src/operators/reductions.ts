import * as ops from "@neft/tensor";
import { flag, ints } from "../attribute-kinds.js";
import { axesOf } from "../dimensions.js";
import { listBecomesInput } from "./adaptors.js";
import { defineOperator, float, integersOf, type OperatorCall } from "./operator.js";
import { reduced } from "./tracks.js";

function reducedAxes(call: OperatorCall, rank: number, isNoop: boolean): number[] {
  const given = integersOf(call, 1);
  if (given !== undefined && given.length > 0) return axesOf(given, rank);
  return isNoop ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

const keepdims = flag(true);

/** Mean over the axes given as input. Default: all. They keep size 1 unless keepdims is 0. */
export const reduceMean = defineOperator({
  name: "ReduceMean",
  since: 18,
  inputs: [1, 2],
  attributes: { keepdims, noop_with_empty_axes: flag(false) },
  traits: {},
  limits: "float input",
  older: { 1: listBecomesInput("axes", ints(), { keepdims }, "float input") },
  track: reduced,
  infer: ([x], { keepdims: keep, noop_with_empty_axes: isNoop }, call) => {
    const { shape } = float(x);
    const axes = reducedAxes(call, shape.length, isNoop);
    const sizes = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
    return [{ dtype: "f32", shape: keep ? sizes : sizes.filter((_, axis) => !axes.includes(axis)) }];
  },
  run: ([x], { keepdims: keepDims, noop_with_empty_axes: isNoop }, call) => {
    const axes = reducedAxes(call, x.shape.length, isNoop);
    return [axes.length === 0 ? x : ops.reduceMean(x, { axes, keepDims })];
  },
  integers: null,
});
