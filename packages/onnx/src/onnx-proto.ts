import {
  bytes,
  float,
  int32,
  int64,
  list,
  message,
  messages,
  one,
  optional,
  packed,
  type StoredElements,
  stored,
  string,
  uint64,
} from "./message-fields.js";
import { type Message, type MessageType, messageType } from "./message-type.js";
import type { AttributeType } from "./onnx-enums.js";
import { WireType } from "./wire-reader.js";

// The messages of proto/onnx.proto: for each an interface and a table of its fields. The compiler compares the two, and a test
// compares the tables with the schema.

export interface OperatorSetIdProto extends Message {
  domain: string;
  version: bigint;
}

export const OperatorSetIdProto: MessageType<OperatorSetIdProto> = messageType({
  domain: one(1, string),
  version: one(2, int64),
});

export interface StringStringEntryProto extends Message {
  key: string;
  value: string;
}

export const StringStringEntryProto: MessageType<StringStringEntryProto> = messageType({
  key: one(1, string),
  value: one(2, string),
});

/** The part of a tensor that a message holds, when a tensor is cut in pieces. */
export interface Segment extends Message {
  begin: bigint;
  end: bigint;
}

export const Segment: MessageType<Segment> = messageType({ begin: one(1, int64), end: one(2, int64) });

/** A tensor. Its elements are in rawData (little-endian), in the field for their type, or in another file. */
export interface TensorProto extends Message {
  dims: readonly bigint[];
  /** DataType. */
  dataType: number;
  segment: Segment | undefined;
  floatData: StoredElements | undefined;
  int32Data: readonly number[];
  stringData: readonly Uint8Array[];
  int64Data: readonly bigint[];
  name: string;
  rawData: Uint8Array | undefined;
  doubleData: StoredElements | undefined;
  uint64Data: readonly bigint[];
  docString: string;
  externalData: readonly StringStringEntryProto[];
  /** DataLocation. */
  dataLocation: number;
}

export const TensorProto: MessageType<TensorProto> = messageType({
  dims: list(1, int64),
  dataType: one(2, int32),
  segment: message(3, () => Segment),
  floatData: stored(4, WireType.Bits32, true),
  int32Data: packed(5, int32),
  stringData: list(6, bytes),
  int64Data: packed(7, int64),
  name: one(8, string),
  rawData: optional(9, bytes),
  doubleData: stored(10, WireType.Bits64, true),
  uint64Data: packed(11, uint64),
  docString: one(12, string),
  externalData: messages(13, () => StringStringEntryProto),
  dataLocation: one(14, int32),
});

export interface SparseTensorProto extends Message {
  values: TensorProto | undefined;
  indices: TensorProto | undefined;
  dims: readonly bigint[];
}

export const SparseTensorProto: MessageType<SparseTensorProto> = messageType({
  values: message(1, () => TensorProto),
  indices: message(2, () => TensorProto),
  dims: list(3, int64),
});

/** One size or symbol of a shape. Of dimValue and dimParam, a message has at most one. */
export interface Dimension extends Message {
  dimValue: bigint | undefined;
  dimParam: string | undefined;
  denotation: string;
}

export const Dimension: MessageType<Dimension> = messageType({
  dimValue: optional(1, int64, "dimParam"),
  dimParam: optional(2, string, "dimValue"),
  denotation: one(3, string),
});

export interface TensorShapeProto extends Message {
  dim: readonly Dimension[];
}

export const TensorShapeProto: MessageType<TensorShapeProto> = messageType({ dim: messages(1, () => Dimension) });

export interface TensorType extends Message {
  /** DataType. */
  elemType: number;
  shape: TensorShapeProto | undefined;
}

export const TensorType: MessageType<TensorType> = messageType({
  elemType: one(1, int32),
  shape: message(2, () => TensorShapeProto),
});

export interface TypeProto extends Message {
  tensorType: TensorType | undefined;
  denotation: string;
}

export const TypeProto: MessageType<TypeProto> = messageType({
  tensorType: message(1, () => TensorType),
  denotation: one(6, string),
});

export interface ValueInfoProto extends Message {
  name: string;
  type: TypeProto | undefined;
  docString: string;
}

export const ValueInfoProto: MessageType<ValueInfoProto> = messageType({
  name: one(1, string),
  type: message(2, () => TypeProto),
  docString: one(3, string),
});

export interface AttributeProto extends Message {
  name: string;
  f: number;
  i: bigint;
  s: Uint8Array | undefined;
  t: TensorProto | undefined;
  g: GraphProto | undefined;
  floats: StoredElements | undefined;
  ints: readonly bigint[];
  strings: readonly Uint8Array[];
  tensors: readonly TensorProto[];
  graphs: readonly GraphProto[];
  docString: string;
  type: AttributeType;
  refAttrName: string;
  sparseTensor: SparseTensorProto | undefined;
}

export const AttributeProto: MessageType<AttributeProto> = messageType({
  name: one(1, string),
  f: one(2, float),
  i: one(3, int64),
  s: optional(4, bytes),
  t: message(5, () => TensorProto),
  g: message(6, () => GraphProto),
  floats: stored(7, WireType.Bits32, false),
  ints: list(8, int64),
  strings: list(9, bytes),
  tensors: messages(10, () => TensorProto),
  graphs: messages(11, () => GraphProto),
  docString: one(13, string),
  type: one(20, int32),
  refAttrName: one(21, string),
  sparseTensor: message(22, () => SparseTensorProto),
});

/** An operator applied to named values. An empty input name is an absent optional input. */
export interface NodeProto extends Message {
  input: readonly string[];
  output: readonly string[];
  name: string;
  opType: string;
  attribute: readonly AttributeProto[];
  docString: string;
  domain: string;
  overload: string;
}

export const NodeProto: MessageType<NodeProto> = messageType({
  input: list(1, string),
  output: list(2, string),
  name: one(3, string),
  opType: one(4, string),
  attribute: messages(5, () => AttributeProto),
  docString: one(6, string),
  domain: one(7, string),
  overload: one(8, string),
});

export interface GraphProto extends Message {
  node: readonly NodeProto[];
  name: string;
  initializer: readonly TensorProto[];
  docString: string;
  input: readonly ValueInfoProto[];
  output: readonly ValueInfoProto[];
  valueInfo: readonly ValueInfoProto[];
  sparseInitializer: readonly SparseTensorProto[];
}

export const GraphProto: MessageType<GraphProto> = messageType({
  node: messages(1, () => NodeProto),
  name: one(2, string),
  initializer: messages(5, () => TensorProto),
  docString: one(10, string),
  input: messages(11, () => ValueInfoProto),
  output: messages(12, () => ValueInfoProto),
  valueInfo: messages(13, () => ValueInfoProto),
  sparseInitializer: messages(15, () => SparseTensorProto),
});

/** An operator defined in the file itself. */
export interface FunctionProto extends Message {
  name: string;
  input: readonly string[];
  output: readonly string[];
  /** Names of attributes without a default. */
  attribute: readonly string[];
  node: readonly NodeProto[];
  opsetImport: readonly OperatorSetIdProto[];
  domain: string;
  /** Attributes with their defaults. */
  attributeProto: readonly AttributeProto[];
  overload: string;
}

export const FunctionProto: MessageType<FunctionProto> = messageType({
  name: one(1, string),
  input: list(4, string),
  output: list(5, string),
  attribute: list(6, string),
  node: messages(7, () => NodeProto),
  opsetImport: messages(9, () => OperatorSetIdProto),
  domain: one(10, string),
  attributeProto: messages(11, () => AttributeProto),
  overload: one(13, string),
});

/** A file: one graph, and the operator sets its nodes are written in. */
export interface ModelProto extends Message {
  irVersion: bigint;
  producerName: string;
  producerVersion: string;
  domain: string;
  modelVersion: bigint;
  docString: string;
  graph: GraphProto | undefined;
  opsetImport: readonly OperatorSetIdProto[];
  metadataProps: readonly StringStringEntryProto[];
  functions: readonly FunctionProto[];
}

export const ModelProto: MessageType<ModelProto> = messageType({
  irVersion: one(1, int64),
  producerName: one(2, string),
  producerVersion: one(3, string),
  domain: one(4, string),
  modelVersion: one(5, int64),
  docString: one(6, string),
  graph: message(7, () => GraphProto),
  opsetImport: messages(8, () => OperatorSetIdProto),
  metadataProps: messages(14, () => StringStringEntryProto),
  functions: messages(25, () => FunctionProto),
});
