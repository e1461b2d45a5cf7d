import type { NodeCall, OperatorVersions } from "./row.js";

/** Dtype of each TensorProto.DataType. */
const castTypes: Readonly<Record<number, string>> = { 1: "f32", 2: "u8", 3: "i8", 6: "i32", 7: "i64", 9: "bool" };

function cast(call: NodeCall) {
  const type = call.attributes.int("to", 0);
  // Half, double and bfloat16 are f32 in a model.
  const to = type === 10 || type === 11 || type === 16 ? "f32" : castTypes[type];
  if (to === undefined) {
    const known = [...Object.keys(castTypes), 10, 11, 16].join(", ");
    throw new Error(`${call.who}: to: expected one of the data types ${known}, got ${type}`);
  }
  return { op: "Cast", inputs: call.inputs, attributes: { to }, type };
}

/** TensorProto.DataType of a dtype. */
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
