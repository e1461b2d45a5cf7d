import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { intAttribute } from "../attributes.js";
import type { Operator } from "./operator.js";
import { defineOperator, need, needFloat } from "./operator.js";

/**
 * Defines an operator over one axis. With `coerce` 1 (opsets below 13), it covers `axis` and all later axes together.
 */
function softmaxLike(name: string, float: (x: Tensor, options: { axis: number }) => Tensor): Operator {
  return defineOperator({
    name,
    arity: [1, 1],
    infer: ({ node, inputs }) => {
      const x = needFloat(inputs, 0);
      ops.axisOf("axis", intAttribute(node, "axis", -1), x.shape.length);
      return [{ dtype: "f32", shape: x.shape }];
    },
    run: ({ node, inputs }) => {
      const x = need(inputs, 0);
      const rank = x.shape.length;
      const axis = ops.axisOf("axis", intAttribute(node, "axis", -1), rank);
      if (intAttribute(node, "coerce", 0) === 0 || axis === rank - 1) return [float(x, { axis })];
      const rows = ops.sizeOf(x.shape.slice(0, axis));
      const flat = ops.reshape(x, [rows, ops.sizeOf(x.shape.slice(axis))]);
      return [ops.reshape(float(flat, { axis: 1 }), x.shape)];
    },
    elements: null,
  });
}

/** y = eˣ/Σeˣ. */
export const softmax = softmaxLike("Softmax", ops.softmax);
/** y = log(eˣ/Σeˣ). */
export const logSoftmax = softmaxLike("LogSoftmax", ops.logSoftmax);
