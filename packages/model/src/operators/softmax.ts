import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { flag, int } from "../attribute-kinds.js";
import { flattened } from "./flattening.js";
import { likeFloat } from "./infer.js";
import { defineAdaptor, defineOperator, type Operator } from "./operator.js";
import { normalised } from "./tracks.js";
import type { Interval } from "./traits.js";

/**
 * Defines an operator over one axis. With `coerce` (opsets before 13), it covers `axis` and all later axes together.
 */
function softmaxLike(name: string, range: Interval, float: (x: Tensor, options: { axis: number }) => Tensor): Operator {
  return defineOperator({
    name,
    since: 13,
    inputs: [1, 1],
    attributes: { axis: int({ default: -1 }), coerce: flag(false, { internal: true }) },
    traits: {
      probability: {
        range,
        axes: ({ axis: given, coerce }, rank) => {
          const axis = ops.axisOf("axis", given, rank);
          return [axis, coerce ? rank : axis + 1];
        },
      },
    },
    older: {
      1: defineAdaptor({
        inputs: [1, 1],
        attributes: { axis: int({ default: 1 }) },
        adapt: ({ attributes: { axis } }) => ({ attributes: { axis, coerce: 1 } }),
      }),
    },
    expand: (node, { axis, coerce }) => (coerce ? flattened(node, axis) : undefined),
    track: normalised,
    infer: (inputs, { axis }) => {
      ops.axisOf("axis", axis, inputs[0].shape.length);
      return likeFloat(inputs);
    },
    run: ([x], { axis: given, coerce }) => {
      const rank = x.shape.length;
      const axis = ops.axisOf("axis", given, rank);
      if (!coerce || axis === rank - 1) return [float(x, { axis })];
      const rows = ops.sizeOf(x.shape.slice(0, axis));
      const flat = ops.reshape(x, [rows, ops.sizeOf(x.shape.slice(axis))]);
      return [ops.reshape(float(flat, { axis: 1 }), x.shape)];
    },
    integers: null,
  });
}

/** y = eˣ/Σeˣ. */
export const softmax = softmaxLike("Softmax", [0, 1], ops.softmax);
/** y = log(eˣ/Σeˣ). */
export const logSoftmax = softmaxLike("LogSoftmax", [Number.NEGATIVE_INFINITY, 0], ops.logSoftmax);
