import { int64Array } from "@neft/model";
import type { NodeCall, OperatorRow, OperatorVersions } from "./row.js";
import { attributes } from "./row.js";

// The standard allows negative axes since opset 11. Exporters wrote them for opset 9 already, and runtimes accept them.

export const Flatten: OperatorVersions = {
  1: {
    inputs: [1, 1],
    outputs: 1,
    convert: ({ attributes: read, inputs }) => ({ op: "Flatten", inputs, attributes: { axis: read.int("axis", 1) } }),
  },
};

export const Reshape: OperatorVersions = {
  5: { inputs: [2, 2], outputs: 1, convert: ({ inputs }) => ({ op: "Reshape", inputs, attributes: {} }) },
  14: {
    inputs: [2, 2],
    outputs: 1,
    convert: ({ attributes: read, inputs }) => ({
      op: "Reshape",
      inputs,
      attributes: { allowzero: read.flag("allowzero", 0) },
    }),
  },
};

export const Transpose: OperatorVersions = {
  1: {
    inputs: [1, 1],
    outputs: 1,
    convert: ({ attributes: read, inputs }) => ({
      op: "Transpose",
      inputs,
      attributes: attributes({ perm: read.ints("perm", { min: 0 }) }),
    }),
  },
};

/** Turns axes from an attribute into a constant input. */
function axesAttribute(op: string, optional: boolean): OperatorRow {
  return {
    inputs: [1, 1],
    outputs: 1,
    convert: (call: NodeCall) => {
      const axes = call.attributes.ints("axes");
      if (axes === undefined && !optional) throw new Error(`${call.who}: axes: expected a list of integers, got none`);
      const inputs = axes === undefined ? call.inputs : [call.inputs[0]!, call.constant("axes", int64Array(axes))];
      return { op, inputs, attributes: {} };
    },
  };
}

function axesInput(op: string, inputs: readonly [number, number]): OperatorRow {
  return { inputs, outputs: 1, convert: (call) => ({ op, inputs: call.inputs, attributes: {} }) };
}

export const Squeeze: OperatorVersions = {
  1: axesAttribute("Squeeze", true),
  13: axesInput("Squeeze", [1, 2]),
};

export const Unsqueeze: OperatorVersions = {
  1: axesAttribute("Unsqueeze", false),
  13: axesInput("Unsqueeze", [2, 2]),
};
