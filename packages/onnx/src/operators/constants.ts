import { toNumbers } from "@neft/model";
import { AttributeType, DataType } from "../onnx-enums.js";
import type { StoredTensor } from "../stored-tensor.js";
import type { CanonicalConstant, NodeCall, OperatorRow, OperatorVersions } from "./row.js";
import { attributes } from "./row.js";

export const Shape: OperatorVersions = {
  1: { inputs: [1, 1], outputs: 1, convert: ({ inputs }) => ({ op: "Shape", inputs, attributes: {} }) },
  15: {
    inputs: [1, 1],
    outputs: 1,
    convert: ({ attributes: read, inputs }) => ({
      op: "Shape",
      inputs,
      attributes: attributes({ start: read.int("start", 0), end: read.int("end", undefined) }),
    }),
  },
};

/** Reads a Constant, which has exactly one of the value attributes of its opset. */
function constant(since: number): OperatorRow {
  return {
    inputs: [0, 0],
    outputs: 1,
    limits: "no sparse tensors, no strings",
    convert: (call): CanonicalConstant => {
      const found = [call.tensor("value"), ...(since >= 12 ? numberConstants(call) : [])].filter(
        (one) => one !== undefined,
      );
      if (found.length !== 1) throw new Error(`${call.who}: expected one value, got ${found.length}`);
      return { constant: found[0]! };
    },
  };
}

/** Reads the attributes that opset 12 added. */
function numberConstants({ attributes: read, floats }: NodeCall): (StoredTensor | undefined)[] {
  const float = read.stored("value_float", AttributeType.FLOAT);
  const int = read.stored("value_int", AttributeType.INT);
  const ints = read.stored("value_ints", AttributeType.INTS);
  return [
    float && {
      array: { dtype: "f32", shape: [], data: Float32Array.of(float.f) },
      type: DataType.FLOAT,
      // No number alone is a weight that an export overwrites.
      storage: undefined,
    },
    floats("value_floats"),
    int && {
      array: { dtype: "i64", shape: [], data: BigInt64Array.of(int.i) },
      type: DataType.INT64,
      storage: undefined,
    },
    ints && {
      array: { dtype: "i64", shape: [ints.ints.length], data: BigInt64Array.from(ints.ints) },
      type: DataType.INT64,
      storage: undefined,
    },
  ];
}

export const ConstantOfShape: OperatorVersions = {
  9: {
    inputs: [1, 1],
    outputs: 1,
    convert: (call) => {
      const { array, type } = call.tensor("value") ?? {
        array: { dtype: "f32", shape: [1], data: Float32Array.of(0) },
        type: DataType.FLOAT,
      };
      if (array.data.length !== 1)
        throw new Error(`${call.who}: value: expected one element, got ${array.data.length}`);
      const value = array.dtype === "i64" ? toNumbers(array)[0]! : Number(array.data[0]);
      return {
        op: "ConstantOfShape",
        inputs: call.inputs,
        attributes: { dtype: array.dtype, value },
        type,
      };
    },
  },
};

export const Constant: OperatorVersions = { 1: constant(1), 12: constant(12) };
