import type { Tensor } from "@neft/tensor";
import { type AttributeSchema, flag, ints } from "../attribute-kinds.js";
import { axesOf } from "../dimensions.js";
import type { HostArray } from "../host-array.js";
import { listBecomesInput } from "./adaptors.js";
import { defineOperator, float, integersOf, type Operator, type OperatorCall } from "./operator.js";
import { reducedAxes } from "./scaling.js";
import { reduced } from "./tracks.js";

/** Axes of a reduction, and whether they keep size 1. */
export interface ReducedAxes {
  readonly axes: number[];
  readonly keepDims: boolean;
}

/** What reductions differ in. */
interface Reduction {
  readonly name: string;
  /** First opset that has the axes as input. Default: 18. */
  readonly since?: number;
  run(x: Tensor, options: ReducedAxes): Tensor;
  /** The same on integers. Null: floats only. */
  readonly integers: ((x: HostArray, options: ReducedAxes) => HostArray) | null;
  /** Whether multiplying x by a positive factor multiplies the result by it. */
  readonly isHomogeneous: boolean;
  /** What the reduction of no axes gives. Default: the input. */
  alone?(x: Tensor): Tensor;
}

const keepdims = flag(true);

function axesIn(call: OperatorCall, rank: number, isNoop: boolean): number[] {
  const given = integersOf(call, 1);
  if (given !== undefined && given.length > 0) return axesOf(given, rank);
  return isNoop ? [] : Array.from({ length: rank }, (_, axis) => axis);
}

/** Shape after a reduction. */
export function reducedShape(shape: readonly number[], { axes, keepDims }: ReducedAxes): number[] {
  const sizes = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  return keepDims ? sizes : sizes.filter((_, axis) => !axes.includes(axis));
}

/** Defines a reduction over the axes given as input. Default: all. They keep size 1 unless keepdims is 0. */
export function reduction({ name, since = 18, run, integers, isHomogeneous, alone = (x) => x }: Reduction): Operator {
  const limits = integers === null ? { limits: "float input" } : {};
  return defineOperator({
    name,
    since,
    inputs: [1, 2],
    attributes: { keepdims, noop_with_empty_axes: flag(false) },
    traits: isHomogeneous ? { scaling: reducedAxes } : {},
    ...limits,
    older: { 1: listBecomesInput("axes", ints(), { keepdims } as AttributeSchema, limits.limits) },
    track: reduced,
    infer: ([x], { keepdims: keepDims, noop_with_empty_axes: isNoop }, call) => {
      if (integers === null) float(x);
      return [
        { dtype: x.dtype, shape: reducedShape(x.shape, { axes: axesIn(call, x.shape.length, isNoop), keepDims }) },
      ];
    },
    run: ([x], { keepdims: keepDims, noop_with_empty_axes: isNoop }, call) => {
      const axes = axesIn(call, x.shape.length, isNoop);
      return [axes.length === 0 ? alone(x) : run(x, { axes, keepDims })];
    },
    integers:
      integers &&
      (([x], { keepdims: keepDims, noop_with_empty_axes: isNoop }, call) => [
        integers(x, { axes: axesIn(call, x.shape.length, isNoop), keepDims }),
      ]),
  });
}
