import type { AttributeValue, GraphNode, HostArray, HostData, Model, ValueInfo } from "@neft/model";
import { inWords } from "@neft/options";
import { type DType, type Tensor, zeroData } from "@neft/tensor";
import { typeOfArray } from "./graph-reader.js";
import { create, encode } from "./message-type.js";
import { AttributeType } from "./onnx-enums.js";
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
import { castCode } from "./operators/casting.js";
import { floatFormats } from "./stored-tensor.js";

/** Versions of files written from scratch: old enough for current runtimes, new enough for all operators written. */
const written = { irVersion: 8n, opset: 17 } as const;

/** Attributes that are floats. All other numbers are integers. */
const floatAttributes = new Set(["alpha", "beta", "epsilon", "momentum"]);

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
  const opset = Math.max(written.opset, ...model.nodes.map(opsetNeeded));
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

/** First opset that has the features a node uses. */
function opsetNeeded({ op, inputs, attributes }: GraphNode): number {
  if (op === "ReduceMean") return (inputs[1] ?? "") === "" ? written.opset : 18;
  if (op === "Pad") return attributes.mode === "wrap" ? 19 : (inputs[3] ?? "") === "" ? written.opset : 18;
  if (op === "AveragePool") return attributes.dilations === undefined ? written.opset : 19;
  return written.opset;
}

/** Encodes a node as one or several nodes of the file. */
function encodeNode(node: GraphNode): NodeProto[] {
  const { op, name, attributes } = node;
  if (op === "Cast") return [nodeProto({ ...node, attributes: { to: castCode(String(attributes.to)) } })];
  if (op === "ConstantOfShape") return [constantOfShape(node)];
  const { coerce, ...rest } = attributes;
  if (coerce === undefined || coerce === 0) return [nodeProto({ ...node, attributes: rest })];
  // A softmax from before opset 13 covers its axis and all later ones: flatten, apply softmax, restore the shape.
  const [x, y] = [node.inputs[0]!, node.outputs[0]!];
  const [shape, flat, soft] = [`${name}.shape`, `${name}.flat`, `${name}.soft`];
  const step = (kind: string, role: string, inputs: string[], output: string, given: Record<string, AttributeValue>) =>
    nodeProto({ name: `${name}.${role}`, op: kind, inputs, outputs: [output], attributes: given });
  return [
    step("Shape", "shape_of", [x], shape, {}),
    step("Flatten", "flatten", [x], flat, { axis: attributes.axis ?? 1 }),
    nodeProto({ name, op, inputs: [flat], outputs: [soft], attributes: { axis: -1 } }),
    step("Reshape", "restore", [soft, shape], y, {}),
  ];
}

/** Encodes a ConstantOfShape, whose value is a tensor with one element in a file. */
function constantOfShape(node: GraphNode): NodeProto {
  const { value = 0, dtype = "f32" } = node.attributes;
  const data = zeroData(dtype as DType, 1);
  data.fill((dtype === "i64" ? BigInt(value as number) : value) as never);
  const t = tensorProto("", { dtype: dtype as DType, shape: [1], data });
  const attribute = [create(AttributeProto, { name: "value", type: AttributeType.TENSOR, t })];
  return Object.assign(nodeProto({ ...node, attributes: {} }), { attribute });
}

function nodeProto({ name, op, inputs, outputs, attributes }: GraphNode): NodeProto {
  return create(NodeProto, {
    name,
    opType: op,
    input: inputs,
    output: outputs,
    attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
  });
}

function attributeProto(name: string, value: AttributeValue): AttributeProto {
  if (typeof value === "string") {
    return create(AttributeProto, {
      name,
      type: AttributeType.STRING,
      s: Uint8Array.from(value, (letter) => letter.charCodeAt(0)),
    });
  }
  if (floatAttributes.has(name) && isFloat(value)) {
    return create(AttributeProto, { name, type: AttributeType.FLOAT, f: value });
  }
  if (!floatAttributes.has(name) && isInteger(value)) {
    return create(AttributeProto, { name, type: AttributeType.INT, i: BigInt(value) });
  }
  if (Array.isArray(value) && value.every(isInteger)) {
    return create(AttributeProto, { name, type: AttributeType.INTS, ints: value.map((item) => BigInt(item)) });
  }
  throw new OnnxError(
    `exportOnnx: attribute ${inWords(name)}: expected a number, a string or integers, got ${inWords(value)}`,
  );
}

/** Whether a value is a number that is finite as a float too, or not finite at all. */
const isFloat = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value) === Number.isFinite(Math.fround(value));

/** Whether a value is an integer of 64 bits. */
const isInteger = (value: unknown): value is number =>
  Number.isInteger(value) && (value as number) >= -(2 ** 63) && (value as number) < 2 ** 63;

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

/** Bytes of the elements in a file type, little-endian like WebAssembly. Floats are rounded to nearest. */
function rawBytes({ data }: HostArray, type: number): Uint8Array {
  const format = floatFormats.get(type);
  if (format === undefined) {
    return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  }
  const bytes = new Uint8Array(data.length * format.size);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < data.length; i++) format.write(view, i * format.size, Number(data[i]));
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
