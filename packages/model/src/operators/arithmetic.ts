import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { flag, int } from "../attribute-kinds.js";
import type { IntegerArithmetic } from "../integers.js";
import { integerArithmetic } from "../integers.js";
import { broadcast } from "./infer.js";
import { defineAdaptor, defineOperator, type Operator } from "./operator.js";
import { eitherScalar, scaled, shifted } from "./order.js";
import { elementwise, failMixed } from "./tracks.js";
import type { Traits } from "./traits.js";

/** Until opset 6, a second operand broadcasts only if told to: along the last axes, or along those from `axis` on. */
const opset6 = defineAdaptor({
  inputs: [2, 2],
  attributes: { axis: int(), broadcast: flag(false) },
  adapt: ({ attributes: { axis, broadcast } }) => ({ attributes: broadcast ? { axis } : {} }),
});

/** Shape of a second operand whose first axis is `axis` of the first operand. Default: the last axes meet. */
function alignedShape(
  { shape: a }: { readonly shape: readonly number[] },
  { shape: b }: { readonly shape: readonly number[] },
  axis: number | undefined,
): readonly number[] {
  if (axis === undefined) return b;
  const after = a.length - ops.axisOf("axis", axis, a.length) - b.length;
  if (after < 0) throw new RangeError(`axis: expected ${b.length} axes from ${axis} on, got [${a.join(", ")}]`);
  return [...b, ...new Array<number>(after).fill(1)];
}

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
    attributes: { axis: int({ internal: true }) },
    traits,
    older: { 6: opset6 },
    expand: (node, { axis }) => {
      if (axis !== undefined) throw new Error(`${node.name}: expected no axis to write in a new file, got ${axis}`);
      return undefined;
    },
    track: (call) => (call.attributes.axis !== undefined && call.positions[1] ? failMixed() : elementwise(call)),
    infer: ([a, b], { axis }) => broadcast([a, { dtype: b.dtype, shape: alignedShape(a, b, axis) }]),
    run: ([a, b], { axis }) => [float(a, axis === undefined ? b : ops.reshape(b, alignedShape(a, b, axis)))],
    integers: ([a, b], { axis }) => [integerArithmetic(kind, a, { ...b, shape: alignedShape(a, b, axis) })],
  });
}

/** y = a + b with NumPy broadcasting. Integers wrap at their width; a division truncates. */
export const add = arithmetic("Add", "add", ops.add, {
  tail: true,
  adds: true,
  order: (interval, scalar) => shifted(interval, eitherScalar(scalar)),
});
export const sub = arithmetic("Sub", "sub", ops.sub, {
  tail: true,
  order: (interval, scalar) => shifted(interval, -(scalar(1) ?? Number.NaN)),
});
export const mul = arithmetic("Mul", "mul", ops.mul, {
  tail: true,
  multiplies: true,
  order: (interval, scalar) => scaled(interval, eitherScalar(scalar)),
});
export const div = arithmetic("Div", "div", ops.div, {
  order: (interval, scalar) => scaled(interval, 1 / (scalar(1) ?? Number.NaN)),
});
