import { int64Array } from "@neft/model";
import type { OperatorVersions } from "./row.js";

export const ReduceMean: OperatorVersions = {
  1: {
    inputs: [1, 1],
    outputs: 1,
    limits: "float input",
    convert: (call) => {
      const keepdims = call.attributes.flag("keepdims", 1);
      const axes = call.attributes.ints("axes");
      const inputs = axes === undefined ? call.inputs : [call.inputs[0]!, call.constant("axes", int64Array(axes))];
      return { op: "ReduceMean", inputs, attributes: { keepdims } };
    },
  },
  18: {
    inputs: [1, 2],
    outputs: 1,
    limits: "float input",
    convert: ({ attributes: read, inputs }) => ({
      op: "ReduceMean",
      inputs,
      attributes: { keepdims: read.flag("keepdims", 1), noop_with_empty_axes: read.flag("noop_with_empty_axes", 0) },
    }),
  },
};
