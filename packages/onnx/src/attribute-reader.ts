import { type AttributeSchema, type AttributeValue, inStored, listNames, type StoredType } from "@neft/model";
import { inWords } from "@neft/options";
import { AttributeType } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import type { AttributeProto, NodeProto } from "./onnx-proto.js";
import { dtypeOf, type Files, readFloatList, readTensor, type StoredTensor } from "./stored-tensor.js";

/** Attributes of a file's node, as the operators' schemas check them. */
export interface ReadAttributes {
  readonly values: Readonly<Record<string, AttributeValue>>;
  /** TensorProto.DataType that an attribute names, which is that of the output. */
  readonly type: number | undefined;
}

/** Values of a file's types. Integers stay bigints until a schema has checked them. */
type Read = (proto: AttributeProto, files: Files, who: string) => unknown;

/** A file's type of each stored type, and how its value is read. */
const readers: Readonly<Record<Exclude<StoredType, "IGNORED" | "GRAPH">, readonly [AttributeType, Read]>> = {
  FLOAT: [AttributeType.FLOAT, ({ f }) => f],
  INT: [AttributeType.INT, ({ i }) => i],
  STRING: [AttributeType.STRING, ({ s }) => textOf(s)],
  TENSOR: [AttributeType.TENSOR, ({ t }, files, who) => t && readTensor(t, files, who).array],
  FLOATS: [
    AttributeType.FLOATS,
    ({ floats }, files) => Array.from(readFloatList(floats, files).array.data as Float32Array),
  ],
  INTS: [AttributeType.INTS, ({ ints }) => ints],
  STRINGS: [AttributeType.STRINGS, ({ strings }) => strings.map(textOf)],
  // 0 stands for no type.
  DTYPE: [AttributeType.INT, ({ i }, _, who) => (Number(i) === 0 ? undefined : dtypeOf(Number(i), who))],
};

const textOf = (bytes: Uint8Array | undefined): string =>
  Array.from(bytes ?? [], (byte) => String.fromCharCode(byte)).join("");

/** A node's attributes by name. @throws {OnnxError} when one occurs twice, or is a reference that only a function could resolve. */
export function attributesByName(node: NodeProto, who: string): Map<string, AttributeProto> {
  const found = new Map<string, AttributeProto>();
  for (const proto of node.attribute) {
    if (found.has(proto.name)) throw new OnnxError(`${who}: ${proto.name}: expected one value, got two`);
    if (proto.refAttrName !== "") {
      throw new OnnxError(`${who}: ${proto.name}: expected a value, got a reference to ${inWords(proto.refAttrName)}`);
    }
    found.set(proto.name, proto);
  }
  return found;
}

/**
 * Reads a node's attributes by a schema.
 *
 * @throws {OnnxError} for an attribute of another type, and for those that the schema doesn't have, so that none is
 *   silently ignored.
 */
export function readNodeAttributes(
  node: NodeProto,
  schema: AttributeSchema,
  files: Files,
  who: string,
): ReadAttributes {
  const found = attributesByName(node, who);
  const unknown = [...found.keys()].filter((name) => !Object.hasOwn(schema, name));
  if (unknown.length > 0) {
    const known = Object.keys(schema).join(", ") || "no attributes";
    throw new OnnxError(`${who}: expected ${known}, got also ${listNames(unknown)}`);
  }
  const values: Record<string, unknown> = {};
  let type: number | undefined;
  for (const [name, proto] of found) {
    const { stored } = schema[name]!;
    if (stored === "IGNORED" || stored === "GRAPH") continue;
    const [expected, read] = readers[stored];
    if (typeOf(proto) !== expected) {
      const got = AttributeType[typeOf(proto)] ?? typeOf(proto);
      throw new OnnxError(`${who}: ${name}: expected ${inStored(stored)}, got one of type ${got}`);
    }
    values[name] = read(proto, files, `${who}: ${name}`);
    if (stored === "DTYPE" && values[name] !== undefined) type = Number(proto.i);
    if (stored === "TENSOR") type = proto.t?.dataType;
  }
  return { values: values as Record<string, AttributeValue>, type };
}

/** Tensor of an attribute, as stored; undefined when the node doesn't have it. */
export function storedTensor(
  found: ReadonlyMap<string, AttributeProto>,
  name: string,
  files: Files,
  who: string,
): StoredTensor | undefined {
  const proto = typed(found, name, AttributeType.TENSOR, who);
  return proto?.t && readTensor(proto.t, files, `${who}: ${name}`);
}

/** An attribute of a type. @throws {OnnxError} for another type. */
export function typed(
  found: ReadonlyMap<string, AttributeProto>,
  name: string,
  type: AttributeType,
  who: string,
): AttributeProto | undefined {
  const proto = found.get(name);
  if (proto !== undefined && typeOf(proto) !== type) {
    throw new OnnxError(
      `${who}: ${name}: expected an attribute of type ${AttributeType[type]}, got one of type ${AttributeType[typeOf(proto)] ?? typeOf(proto)}`,
    );
  }
  return proto;
}

/** Declared type. Files of the first IR version don't have it; then the field that is set determines it. */
function typeOf(proto: AttributeProto): AttributeType {
  if (proto.type !== AttributeType.UNDEFINED) return proto.type;
  if (proto.ints.length > 0) return AttributeType.INTS;
  if (proto.floats !== undefined) return AttributeType.FLOATS;
  if (proto.t !== undefined) return AttributeType.TENSOR;
  if (proto.s !== undefined && proto.s.length > 0) return AttributeType.STRING;
  return proto.f !== 0 ? AttributeType.FLOAT : AttributeType.INT;
}
