import * as ops from "@neft/tensor";
import type { HostArray } from "../../host-array.js";
import { reduceIntegers } from "../../integers-reduced.js";
import { type ReducedAxes, reducedShape, reduction } from "../reduction.js";

const onIntegers =
  (kind: Parameters<typeof reduceIntegers>[0]) =>
  (x: HostArray, options: ReducedAxes): HostArray =>
    reduceIntegers(kind, x, options.axes, reducedShape(x.shape, options));

/** Σ x. */
export const reduceSum = reduction({
  name: "ReduceSum",
  isHomogeneous: true,
  since: 13,
  run: ops.reduceSum,
  integers: onIntegers("sum"),
});
/** Π x. */
export const reduceProd = reduction({
  name: "ReduceProd",
  isHomogeneous: false,
  run: ops.reduceProd,
  integers: onIntegers("prod"),
});
export const reduceMax = reduction({
  name: "ReduceMax",
  isHomogeneous: true,
  run: ops.reduceMax,
  integers: onIntegers("max"),
});
export const reduceMin = reduction({
  name: "ReduceMin",
  isHomogeneous: true,
  run: ops.reduceMin,
  integers: onIntegers("min"),
});
/** Σ |x|. */
export const reduceL1 = reduction({
  name: "ReduceL1",
  isHomogeneous: true,
  run: ops.reduceL1,
  integers: onIntegers("l1"),
  alone: ops.abs,
});
/** √(Σ x²). */
export const reduceL2 = reduction({
  name: "ReduceL2",
  isHomogeneous: true,
  run: ops.reduceL2,
  integers: null,
  alone: ops.abs,
});
/** Σ x². */
export const reduceSumSquare = reduction({
  name: "ReduceSumSquare",
  isHomogeneous: false,
  run: ops.reduceSumSquare,
  integers: onIntegers("sumSquare"),
  alone: ops.square,
});
/** ln Σ x. */
export const reduceLogSum = reduction({
  name: "ReduceLogSum",
  isHomogeneous: false,
  run: ops.reduceLogSum,
  integers: null,
  alone: ops.log,
});
/** ln Σ eˣ. */
export const reduceLogSumExp = reduction({
  name: "ReduceLogSumExp",
  isHomogeneous: false,
  run: ops.reduceLogSumExp,
  integers: null,
});
