import { int64Array, toNumbers } from "@neft/model";
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
    if (values === undefined) throw new Error(`${call.who}: ${name}: expected to be given, got none`);
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

function pad2(call: NodeCall) {
  const mode = call.attributes.text("mode", ["constant", "reflect", "edge"], "constant");
  const value = call.attributes.float("value", 0, { infinite: true });
  const pads = call.attributes.ints("pads");
  if (pads === undefined) throw new Error(`${call.who}: pads: expected to be given, got none`);
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

/** Exactly one of the attributes, by the opset that brought it. */
function constant(since: number): OperatorRow {
  return {
    inputs: [0, 0],
    outputs: 1,
    limits: "no sparse tensors, no texts",
    convert: (call): CanonicalConstant => {
      const found = [call.tensor("value"), ...(since >= 12 ? numberConstants(call) : [])].filter(
        (one) => one !== undefined,
      );
      if (found.length !== 1) throw new Error(`${call.who}: expected one value, got ${found.length}`);
      return { constant: found[0]! };
    },
  };
}

function numberConstants({ attributes: read }: NodeCall): (StoredTensor | undefined)[] {
  const float = read.stored("value_float", AttributeType.FLOAT);
  const floats = read.stored("value_floats", AttributeType.FLOATS);
  const int = read.stored("value_int", AttributeType.INT);
  const ints = read.stored("value_ints", AttributeType.INTS);
  const place = (ranges: readonly { offset: number; length: number }[] | undefined, length: number) =>
    ranges?.reduce((sum, range) => sum + range.length, 0) === 4 * length
      ? { file: "", ranges, type: DataType.FLOAT }
      : undefined;
  return [
    float && {
      array: { dtype: "f32", shape: [], data: Float32Array.of(float.proto.f) },
      type: DataType.FLOAT,
      place: place(float.ranges?.float && [float.ranges.float], 1),
    },
    floats && {
      array: { dtype: "f32", shape: [floats.proto.floats.length], data: Float32Array.from(floats.proto.floats) },
      type: DataType.FLOAT,
      place: place(floats.ranges?.floats, floats.proto.floats.length),
    },
    int && {
      array: { dtype: "i64", shape: [], data: BigInt64Array.of(int.proto.i) },
      type: DataType.INT64,
      place: undefined,
    },
    ints && {
      array: { dtype: "i64", shape: [ints.proto.ints.length], data: BigInt64Array.from(ints.proto.ints) },
      type: DataType.INT64,
      place: undefined,
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
