import type { HostArray } from "@neft/model";
import type { NodeCall, OperatorRow, OperatorVersions } from "./row.js";

/** An operator without attributes whose meaning never changed. */
function plain(op: string, inputs: readonly [number, number]): OperatorRow {
  return { inputs, outputs: 1, convert: (call) => ({ op, inputs: call.inputs, attributes: {} }) };
}

export const Add: OperatorVersions = { 7: plain("Add", [2, 2]) };
export const Sub: OperatorVersions = { 7: plain("Sub", [2, 2]) };
export const Mul: OperatorVersions = { 7: plain("Mul", [2, 2]) };
export const Div: OperatorVersions = { 7: plain("Div", [2, 2]) };
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

/** Bounds as attributes become constants. */
function clip6(call: NodeCall) {
  const bound = (name: string) =>
    call.attributes.has(name) ? call.constant(name, scalar(call.attributes.float(name, 0, { infinite: true }))) : "";
  return { op: "Clip", inputs: [call.inputs[0]!, bound("min"), bound("max")], attributes: {} };
}

export const Clip: OperatorVersions = {
  6: { inputs: [1, 1], outputs: 1, convert: clip6 },
  11: plain("Clip", [1, 3]),
};

const castTypes: Readonly<Record<number, string>> = { 1: "f32", 2: "u8", 3: "i8", 6: "i32", 7: "i64", 9: "bool" };

function cast(call: NodeCall) {
  const type = call.attributes.int("to", 0);
  // Half, bfloat16 and double are f32 in a model.
  const to = type === 10 || type === 11 || type === 16 ? "f32" : castTypes[type];
  if (to === undefined) {
    const known = [...Object.keys(castTypes), 10, 11, 16].join(", ");
    throw new Error(`${call.who}: to: expected one of the data types ${known}, got ${type}`);
  }
  return { op: "Cast", inputs: call.inputs, attributes: { to }, type };
}

/** The file's code for a dtype to cast to. */
export function castCode(to: string): number {
  return Number(Object.keys(castTypes).find((code) => castTypes[Number(code)] === to));
}

const castLimits = "to FLOAT, FLOAT16, BFLOAT16, DOUBLE (all computed as FLOAT), INT32, INT64, INT8, UINT8, BOOL";

export const Cast: OperatorVersions = {
  6: { inputs: [1, 1], outputs: 1, limits: castLimits, convert: cast },
  19: {
    inputs: [1, 1],
    outputs: 1,
    limits: castLimits,
    convert: (call) => {
      call.attributes.ignore("saturate", "it concerns 8-bit floats, which are not supported");
      return cast(call);
    },
  },
};
