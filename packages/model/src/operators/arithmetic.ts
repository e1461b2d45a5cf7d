import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import type { IntegerArithmetic } from "../integers.js";
import { integerArithmetic } from "../integers.js";
import { align, aligned, alignment } from "./alignment.js";
import { broadcast } from "./infer.js";
import { defineOperator, type Operator } from "./operator.js";
import { eitherScalar, scaled, shifted } from "./order.js";
import { elements } from "./scaling.js";
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
