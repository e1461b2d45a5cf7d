import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import {
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataType as DataType,
  GraphProtoSchema,
  ModelProtoSchema,
  NodeProtoSchema,
  TensorProtoSchema,
  ValueInfoProtoSchema,
} from "./onnx_pb.js";

export { AttributeType, DataType };

/** An attribute as a JavaScript value. A float is `{ float: 1 }`, a tensor its message. */
export type Attribute =
  | number
  | string
  | readonly number[]
  | { float: number }
  | { floats: readonly number[] }
  | { ints: readonly bigint[] }
  | { strings: readonly string[] }
  | { tensor: Tensor }
  | { graph: MessageInitShape<typeof GraphProtoSchema> };

export type Tensor = MessageInitShape<typeof TensorProtoSchema>;

export interface FileNode {
  readonly op: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name?: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, Attribute>>;
}

export interface FileValue {
  readonly name: string;
  /** Default: FLOAT. An output without a type has the one that a runtime infers. */
  readonly type?: number | "inferred";
  readonly shape?: readonly (number | string)[];
}

export interface FileParts {
  readonly opset?: number;
  readonly ir?: number;
  readonly nodes: readonly FileNode[];
  readonly inputs: readonly FileValue[];
  readonly outputs: readonly FileValue[];
  readonly initializers?: readonly Tensor[];
  /** Values of sparse initializers; their indices are left out. */
  readonly sparse?: readonly Tensor[];
}

/** Encodes a model's file by hand, to test files of other exporters. */
export function onnxFile({
  opset = 17,
  ir = 8,
  nodes,
  inputs,
  outputs,
  initializers = [],
  sparse = [],
}: FileParts): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: BigInt(ir),
    producerName: "test",
    opsetImport: [
      { domain: "", version: BigInt(opset) },
      ...(nodes.some((n) => n.domain) ? [{ domain: "custom", version: 1n }] : []),
    ],
    graph: graphOf({ nodes, inputs, outputs, initializers, sparse }),
  });
  return toBinary(ModelProtoSchema, model);
}

function graphOf({ nodes, inputs, outputs, initializers = [], sparse = [] }: FileParts) {
  return create(GraphProtoSchema, {
    name: "graph",
    node: nodes.map(nodeProto),
    initializer: initializers.map((tensor) => create(TensorProtoSchema, tensor)),
    sparseInitializer: sparse.map((values) => ({ values: create(TensorProtoSchema, values), dims: [8n] })),
    input: inputs.map(valueProto),
    output: outputs.map(valueProto),
  });
}

/** A graph as an attribute of a node. */
export function graphProto(parts: FileParts): Attribute {
  return { graph: graphOf(parts) };
}

function nodeProto({ op, inputs, outputs, name = "", domain = "", attributes = {} }: FileNode) {
  return create(NodeProtoSchema, {
    opType: op,
    name,
    domain,
    input: [...inputs],
    output: [...outputs],
    attribute: Object.entries(attributes).map(([key, value]) => attributeProto(key, value)),
  });
}

export function attributeProto(name: string, value: Attribute) {
  const bytes = (text: string) => new TextEncoder().encode(text);
  if (typeof value === "number")
    return create(AttributeProtoSchema, { name, type: AttributeType.INT, i: BigInt(value) });
  if (typeof value === "string")
    return create(AttributeProtoSchema, { name, type: AttributeType.STRING, s: bytes(value) });
  if ("float" in value) return create(AttributeProtoSchema, { name, type: AttributeType.FLOAT, f: value.float });
  if ("floats" in value) {
    return create(AttributeProtoSchema, { name, type: AttributeType.FLOATS, floats: [...value.floats] });
  }
  if ("strings" in value) {
    const strings = value.strings.map((one) => new TextEncoder().encode(one));
    return create(AttributeProtoSchema, { name, type: AttributeType.STRINGS, strings });
  }
  if ("ints" in value) return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: [...value.ints] });
  if ("graph" in value) return create(AttributeProtoSchema, { name, type: AttributeType.GRAPH, g: value.graph });
  if ("tensor" in value) return create(AttributeProtoSchema, { name, type: AttributeType.TENSOR, t: value.tensor });
  return create(AttributeProtoSchema, { name, type: AttributeType.INTS, ints: value.map(BigInt) });
}

function valueProto({ name, type = DataType.FLOAT, shape }: FileValue) {
  const dim = (shape ?? []).map((n) =>
    typeof n === "string"
      ? { value: { case: "dimParam" as const, value: n } }
      : { value: { case: "dimValue" as const, value: BigInt(n) } },
  );
  if (type === "inferred") return create(ValueInfoProtoSchema, { name });
  return create(ValueInfoProtoSchema, {
    name,
    type: { tensorType: { elemType: type, ...(shape !== undefined && { shape: { dim } }) } },
  });
}

/** A float tensor with raw data. */
export function floats(name: string, shape: readonly number[], values: ArrayLike<number>): Tensor {
  const rawData = new Uint8Array(Float32Array.from(values).buffer);
  return { name, dims: shape.map(BigInt), dataType: DataType.FLOAT, rawData };
}

/** An int64 tensor with raw data. */
export function int64s(name: string, values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
  const rawData = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  return { name, dims: shape.map(BigInt), dataType: DataType.INT64, rawData };
}

/** Reproducible pseudorandom numbers in [−2, 2]. */
export function numbers(count: number, seed = 1): Float32Array {
  let state = seed * 2654435761;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state ^ (state >>> 15), 2246822519) + 374761393) | 0;
    return ((state >>> 8) / 2 ** 24) * 4 - 2;
  });
}
