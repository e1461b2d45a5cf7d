import type { HostArray } from "@neft/model";
import { type NodeCall, type OperatorVersions, plain } from "./row.js";

export const Relu: OperatorVersions = { 6: plain("Relu", [1, 1]) };
export const Sigmoid: OperatorVersions = { 6: plain("Sigmoid", [1, 1]) };
export const Tanh: OperatorVersions = { 6: plain("Tanh", [1, 1]) };
export const Identity: OperatorVersions = { 1: plain("Identity", [1, 1]) };

export const LeakyRelu: OperatorVersions = {
  6: {
    inputs: [1, 1],
    outputs: 1,
    convert: ({ attributes, inputs }) => ({
      op: "LeakyRelu",
      inputs,
      attributes: { alpha: attributes.float("alpha", 0.01) },
    }),
  },
};

const scalar = (value: number): HostArray => ({ dtype: "f32", shape: [], data: Float32Array.of(value) });

/** Turns bounds from attributes into constants. */
function clip6(call: NodeCall) {
  const bound = (name: string) =>
    call.attributes.has(name) ? call.constant(name, scalar(call.attributes.float(name, 0, { infinite: true }))) : "";
  return { op: "Clip", inputs: [call.inputs[0]!, bound("min"), bound("max")], attributes: {} };
}

export const Clip: OperatorVersions = {
  6: { inputs: [1, 1], outputs: 1, convert: clip6 },
  11: plain("Clip", [1, 3]),
};
