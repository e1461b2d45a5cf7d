import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import type { IntegerArithmetic } from "../integers.js";
import { integerArithmetic } from "../integers.js";
import { align, aligned, alignment } from "./alignment.js";
import { broadcast, broadcastAll } from "./infer.js";
import { defineOperator, float, type Operator } from "./operator.js";
import { eitherScalar, scaled, shifted } from "./order.js";
import { elements } from "./scaling.js";
import { elementwise } from "./tracks.js";
import type { Traits } from "./traits.js";

/** Defines an elementwise operator with two operands, on floats and integers. */
function arithmetic(
  name: string,
  kind: IntegerArithmetic,
  float: (a: Tensor, b: Tensor) => Tensor,
  traits: Traits<unknown>,
): Operator {
  return defineOperator({
    name,
    since: 7,
    inputs: [2, 2],
    ...aligned,
    attributes: alignment,
    traits,
    infer: ([a, b], { axis }) => broadcast([a, align(a, b, axis)]),
    run: ([a, b], { axis }) => [
      float(a, axis === undefined ? b : ops.reshape(b, align(a, { shape: b.shape }, axis).shape)),
    ],
    integers: ([a, b], { axis }) => [integerArithmetic(kind, a, align(a, b, axis))],
  });
}

/** y = a + b with NumPy broadcasting. Integers wrap at their width; a division truncates. */
export const add = arithmetic("Add", "add", ops.add, {
  tail: true,
  adds: true,
  scaling: elements,
  order: (interval, scalar) => shifted(interval, eitherScalar(scalar)),
});
export const sub = arithmetic("Sub", "sub", ops.sub, {
  tail: true,
  scaling: elements,
  order: (interval, scalar) => shifted(interval, -(scalar(1) ?? Number.NaN)),
});
export const mul = arithmetic("Mul", "mul", ops.mul, {
  tail: true,
  multiplies: true,
  scaling: { kind: "gates", divides: false },
  order: (interval, scalar) => scaled(interval, eitherScalar(scalar)),
});
export const div = arithmetic("Div", "div", ops.div, {
  scaling: { kind: "gates", divides: true },
  order: (interval, scalar) => scaled(interval, 1 / (scalar(1) ?? Number.NaN)),
});

/** Defines an elementwise operator on any number of floats. */
function sumLike(name: string, finish: (sum: Tensor, count: number) => Tensor): Operator {
  return defineOperator({
    name,
    since: 6,
    inputs: [1, Number.POSITIVE_INFINITY],
    attributes: {},
    traits: { tail: true, scaling: elements },
    track: elementwise,
    infer: (inputs) => broadcastAll(inputs.map((input, i) => float(input, i))),
    run: (inputs) => [finish(inputs.reduce(ops.add), inputs.length)],
    integers: null,
  });
}

/** Sum of all inputs, with NumPy broadcasting. */
export const sum = sumLike("Sum", (total) => total);
/** Mean of all inputs, with NumPy broadcasting. */
export const mean = sumLike("Mean", (total, count) => (count === 1 ? total : ops.div(total, ops.full([], count))));
