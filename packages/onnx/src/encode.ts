import type { AttributeSchema, GraphNode, HostArray, HostData, Model, StoredType, ValueInfo } from "@neft/model";
import { describeNode, operatorOf, valuesOf } from "@neft/model";
import type { DType, Tensor } from "@neft/tensor";
import { typeOfArray } from "./graph-reader.js";
import type { StoredElements } from "./message-fields.js";
import { create, encode } from "./message-type.js";
import { AttributeType, DataType } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import {
  AttributeProto,
  Dimension,
  GraphProto,
  ModelProto,
  NodeProto,
  OperatorSetIdProto,
  TensorProto,
  TensorShapeProto,
  TensorType,
  TypeProto,
  ValueInfoProto,
} from "./onnx-proto.js";
import { opsetOf } from "./operator-version.js";
import { floatFormats, saturated, typeOfDtype } from "./stored-tensor.js";

/** Versions of files written from scratch: old enough for current runtimes, new enough for all operators written. */
const written = { irVersion: 8n, opset: 17 } as const;

/**
 * Encodes a model as a new file: opset 17 or the first that has all its operators, IR version 8, raw little-endian
 * tensors.
 *
 * @throws {OnnxError} for an attribute that can't be written.
 */
export function encodeModel(model: Model): Uint8Array {
  const initializers = [...model.parameters, ...model.constants].map(([name, tensor]) =>
    tensorProto(name, hostArray(tensor)),
  );
  const opset = model.nodes.reduce(
    (most, node) => Math.max(most, opsetOf(operatorOf(node), node)),
    written.opset as number,
  );
  const graph = create(GraphProto, {
    name: model.name,
    node: model.nodes.flatMap(encodeNode),
    initializer: initializers,
    input: model.inputs.map((info) => valueInfoProto(info)),
    output: model.outputs.map((info) => valueInfoProto(info)),
  });
  const proto = create(ModelProto, {
    irVersion: written.irVersion,
    producerName: "neft",
    opsetImport: [create(OperatorSetIdProto, { domain: "", version: BigInt(opset) })],
    graph,
  });
  return encode(ModelProto, proto);
}

function hostArray(tensor: Tensor): HostArray {
  return { dtype: tensor.dtype, shape: tensor.shape, data: tensor.toArray() as HostData };
}

/** Encodes a node as one or several nodes of the file, in the operators' newest form. */
export function encodeNode(node: GraphNode): NodeProto[] {
  const { expand } = operatorOf(node);
  const expanded: readonly GraphNode[] = expand?.(node, valuesOf(operatorOf(node), node)) ?? [node];
  return expanded.map(nodeProto);
}

function nodeProto(node: GraphNode): NodeProto {
  const { name, op, inputs, outputs, attributes } = node;
  const schema: AttributeSchema = operatorOf(node).attributes;
  const values = valuesOf(operatorOf(node), node);
  for (const [key, kind] of Object.entries(schema)) {
    if (!kind.isInternal || values[key] === kind.fallback) continue;
    throw new OnnxError(`exportOnnx: ${describeNode(node)}: expected the form of new opsets, got one of an old opset`);
  }
  const written = Object.keys(attributes).filter((key) => !schema[key]!.isInternal && values[key] !== undefined);
  return create(NodeProto, {
    name,
    opType: op,
    input: inputs,
    output: outputs,
    attribute: written.map((key) => attributeProto(key, schema[key]!.stored, values[key])),
  });
}

/** Fields of an attribute, by how a file stores it. */
const fieldsOf: Readonly<Record<StoredType, (value: never) => Partial<AttributeProto>>> = {
  FLOAT: (f: number) => ({ type: AttributeType.FLOAT, f }),
  INT: (value: number | boolean) => ({ type: AttributeType.INT, i: BigInt(value) }),
  STRING: (value: string) => ({ type: AttributeType.STRING, s: bytesOf(value) }),
  TENSOR: (value: HostArray) => ({ type: AttributeType.TENSOR, t: tensorProto("", value) }),
  FLOATS: (value: readonly number[]) => ({ type: AttributeType.FLOATS, floats: floatElements(value) }),
  INTS: (value: readonly number[]) => ({ type: AttributeType.INTS, ints: value.map((one) => BigInt(one)) }),
  STRINGS: (value: readonly string[]) => ({ type: AttributeType.STRINGS, strings: value.map(bytesOf) }),
  DTYPE: (value: DType) => ({ type: AttributeType.INT, i: BigInt(typeOfDtype(value)) }),
  GRAPH: () => {
    throw new OnnxError("exportOnnx: expected nodes without graphs, got one with a graph");
  },
  IGNORED: () => ({}),
};

function attributeProto(name: string, stored: StoredType, value: unknown): AttributeProto {
  return create(AttributeProto, { name, ...fieldsOf[stored](value as never) });
}

/** Floats as the elements of a list. */
function floatElements(values: readonly number[]): StoredElements {
  const bytes = rawBytes({ dtype: "f32", shape: [values.length], data: Float32Array.from(values) }, DataType.FLOAT);
  return { bytes, ranges: [{ offset: 0, length: bytes.length }] };
}

const bytesOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));

/**
 * TensorProto with raw data.
 *
 * @param type  TensorProto.DataType. Default: the array's own.
 */
export function tensorProto(name: string, array: HostArray, type = typeOfArray(array)): TensorProto {
  return create(TensorProto, {
    name,
    dims: array.shape.map(BigInt),
    dataType: type,
    rawData: rawBytes(array, type),
  });
}

/** Bytes of the elements in a file type, little-endian like WebAssembly. Floats are rounded to nearest, and stay finite. */
function rawBytes({ data }: HostArray, type: number): Uint8Array {
  const format = floatFormats.get(type);
  if (format === undefined) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  const bytes = new Uint8Array(data.length * format.size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) format.write(view, i * format.size, saturated(type, Number(data[i])));
  return bytes;
}

/**
 * ValueInfoProto of an input or output.
 *
 * @param type  TensorProto.DataType. Default: that of the dtype.
 */
export function valueInfoProto(
  { name, dtype, shape }: ValueInfo,
  type = typeOfArray({ dtype, shape: [], data: new Float32Array() }),
): ValueInfoProto {
  const dim = shape.map((n) => create(Dimension, typeof n === "string" ? { dimParam: n } : { dimValue: BigInt(n) }));
  const tensorType = create(TensorType, { elemType: type, shape: create(TensorShapeProto, { dim }) });
  return create(ValueInfoProto, { name, type: create(TypeProto, { tensorType }) });
}
