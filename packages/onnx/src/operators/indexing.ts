import { int64Array } from "@neft/model";
import type { NodeCall, OperatorRow, OperatorVersions } from "./row.js";

// The standard allows negative axes since opset 11. Exporters wrote them for opset 9 already, and runtimes accept them.

export const Gather: OperatorVersions = {
  1: {
    inputs: [2, 2],
    outputs: 1,
    convert: ({ attributes: read, inputs }) => ({ op: "Gather", inputs, attributes: { axis: read.int("axis", 0) } }),
  },
};

function slice1(call: NodeCall) {
  const [starts, ends] = ["starts", "ends"].map((name) => {
    const values = call.attributes.positions(name);
    if (values === undefined) throw new Error(`${call.who}: ${name}: expected a list of integers, got none`);
    return call.constant(name, int64Array(values));
  }) as [string, string];
  const axes = call.attributes.ints("axes");
  const inputs = [call.inputs[0]!, starts, ends, ...(axes ? [call.constant("axes", int64Array(axes))] : [])];
  return { op: "Slice", inputs, attributes: {} };
}

export const Slice: OperatorVersions = {
  1: { inputs: [1, 1], outputs: 1, convert: slice1 },
  10: { inputs: [3, 5], outputs: 1, convert: ({ inputs }) => ({ op: "Slice", inputs, attributes: {} }) },
};

export const Concat: OperatorVersions = {
  4: {
    inputs: [1, Number.POSITIVE_INFINITY],
    outputs: 1,
    convert: (call) => {
      const axis = call.attributes.int("axis", undefined);
      if (axis === undefined) throw new Error(`${call.who}: axis: expected an integer, got none`);
      return { op: "Concat", inputs: call.inputs, attributes: { axis } };
    },
  },
};

function pad2(call: NodeCall) {
  const mode = call.attributes.text("mode", ["constant", "reflect", "edge"], "constant");
  const value = call.attributes.float("value", 0, { infinite: true });
  const pads = call.attributes.ints("pads");
  if (pads === undefined) throw new Error(`${call.who}: pads: expected a list of integers, got none`);
  const filling = call.constant("value", { dtype: "f32", shape: [], data: Float32Array.of(value) });
  return {
    op: "Pad",
    inputs: [call.inputs[0]!, call.constant("pads", int64Array(pads)), filling],
    attributes: { mode },
  };
}

function pad(inputs: readonly [number, number], modes: readonly string[]): OperatorRow {
  return {
    inputs,
    outputs: 1,
    convert: ({ attributes: read, inputs: names }) => ({
      op: "Pad",
      inputs: names,
      attributes: { mode: read.text("mode", modes, "constant") },
    }),
  };
}

export const Pad: OperatorVersions = {
  2: { inputs: [1, 1], outputs: 1, convert: pad2 },
  11: pad([2, 3], ["constant", "reflect", "edge"]),
  18: pad([2, 4], ["constant", "reflect", "edge"]),
  19: pad([2, 4], ["constant", "reflect", "edge", "wrap"]),
};
