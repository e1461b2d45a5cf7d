import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import type { IntegerArithmetic } from "../integers.js";
import { integerArithmetic } from "../integers.js";
import type { InferCall, KnownValue, Operator } from "./operator.js";
import { defineOperator, need } from "./operator.js";

function inferBroadcast({ inputs }: InferCall): KnownValue[] {
  const [a, b] = [need(inputs, 0), need(inputs, 1)];
  if (a.dtype !== b.dtype) throw new TypeError(`expected operands of one dtype, got ${a.dtype} and ${b.dtype}`);
  return [{ dtype: a.dtype, shape: ops.broadcastShapes(a.shape, b.shape) }];
}

/** Defines an elementwise operator with two operands, on floats and integers. */
function arithmetic(name: string, kind: IntegerArithmetic, float: (a: Tensor, b: Tensor) => Tensor): Operator {
  return defineOperator({
    name,
    arity: [2, 2],
    infer: inferBroadcast,
    run: ({ inputs }) => [float(need(inputs, 0), need(inputs, 1))],
    elements: ({ inputs }) => [integerArithmetic(kind, need(inputs, 0), need(inputs, 1))],
  });
}

/** y = a + b with NumPy broadcasting. Integers wrap at their width; a division truncates. */
export const add = arithmetic("Add", "add", ops.add);
export const sub = arithmetic("Sub", "sub", ops.sub);
export const mul = arithmetic("Mul", "mul", ops.mul);
export const div = arithmetic("Div", "div", ops.div);
