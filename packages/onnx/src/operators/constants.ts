import { toNumbers } from "@neft/model";
import { AttributeProto_AttributeType as AttributeType, TensorProto_DataType as DataType } from "../onnx_pb.js";
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
function numberConstants({ attributes: read }: NodeCall): (StoredTensor | undefined)[] {
  const float = read.stored("value_float", AttributeType.FLOAT);
  const floats = read.stored("value_floats", AttributeType.FLOATS);
  const int = read.stored("value_int", AttributeType.INT);
  const ints = read.stored("value_ints", AttributeType.INTS);
  const storage = (ranges: readonly { offset: number; length: number }[] | undefined, length: number) =>
    ranges?.reduce((sum, range) => sum + range.length, 0) === 4 * length
      ? { file: "", ranges, type: DataType.FLOAT }
      : undefined;
  return [
    float && {
      array: { dtype: "f32", shape: [], data: Float32Array.of(float.proto.f) },
      type: DataType.FLOAT,
      storage: storage(float.ranges?.float && [float.ranges.float], 1),
    },
    floats && {
      array: { dtype: "f32", shape: [floats.proto.floats.length], data: Float32Array.from(floats.proto.floats) },
      type: DataType.FLOAT,
      storage: storage(floats.ranges?.floats, floats.proto.floats.length),
    },
    int && {
      array: { dtype: "i64", shape: [], data: BigInt64Array.of(int.proto.i) },
      type: DataType.INT64,
      storage: undefined,
    },
    ints && {
      array: { dtype: "i64", shape: [ints.proto.ints.length], data: BigInt64Array.from(ints.proto.ints) },
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
