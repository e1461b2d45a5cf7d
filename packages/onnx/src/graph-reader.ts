import type { GraphNode, HostArray, ValueInfo } from "@neft/model";
import { sortNodes } from "@neft/model";
import { AttributeReader } from "./attribute-reader.js";
import type { AttributeRanges } from "./byte-ranges.js";
import type { Draft, DraftTensor } from "./draft.js";
import { isDefaultDomain, type ModelFile } from "./model-file.js";
import type { NodeProto, ValueInfoProto } from "./onnx_pb.js";
import { AttributeProto_AttributeType as AttributeType, TensorProto_DataType as DataType } from "./onnx_pb.js";
import { OnnxError } from "./onnx-error.js";
import type { OperatorRow } from "./operators/row.js";
import { rowFor } from "./operators/table.js";
import type { Files, StoredTensor } from "./stored-tensor.js";
import { dtypeOf, readTensor } from "./stored-tensor.js";

/** One node of the file with the row that reads it and the name it has in the model. */
interface ReadableNode {
  readonly proto: NodeProto;
  readonly row: OperatorRow;
  readonly name: string;
  readonly ranges: readonly AttributeRanges[];
}

/**
 * Turns a file's graph into a draft: newest semantics, attributes that became inputs as constants, nodes in order.
 *
 * @throws {OnnxError} with all unsupported operators at once, or the first attribute, tensor or value that is wrong.
 */
export function readGraph(file: ModelFile, files: Files): Draft {
  const { graph } = file;
  if (graph.sparseInitializer.length > 0)
    throw new OnnxError("importOnnx: expected dense initializers, got a sparse one");
  const tensors = new Map<string, DraftTensor>();
  graph.initializer.forEach((proto, i) => {
    const who = `initializer "${proto.name}"`;
    if (tensors.has(proto.name)) throw new OnnxError(`${who}: expected a name of its own, got one that stands twice`);
    const stored = readTensor(proto, file.ranges.initializers[i]!, files, who);
    tensors.set(proto.name, { ...stored, type: proto.dataType, order: undefined });
  });
  const inputs = graph.input.filter(({ name }) => !tensors.has(name)).map((info) => readInput(info));
  const nodes: GraphNode[] = [];
  const readable = readableNodes(file);
  for (const node of readable) readNode(node, tensors, nodes, files);
  checkUnread(file, readable, nodes);
  const outputs = graph.output.map((info) => ({ name: info.name, dtype: "f32" as const, shape: readShape(info) }));
  return {
    name: graph.name || "model",
    inputs,
    outputs,
    nodes: sortNodes(nodes, [...inputs.map(({ name }) => name), ...tensors.keys()]),
    tensors,
  };
}

function readInput(info: ValueInfoProto): ValueInfo {
  const type = info.type?.tensorType;
  const who = `input "${info.name}"`;
  if (type?.shape === undefined)
    throw new OnnxError(
      `${who}: expected a tensor of known rank, got ${type ? "no shape; declare its axes, with names for sizes that vary" : "another type"}`,
    );
  return { name: info.name, dtype: dtypeOf(type.elemType, who), shape: readShape(info) };
}

/** Sizes, symbols, and a symbol of its own for an axis that has neither. */
function readShape(info: ValueInfoProto): (number | string)[] {
  const dims = info.type?.tensorType?.shape?.dim ?? [];
  return dims.map(({ value }, axis) => {
    if (value.case === "dimParam" && value.value !== "") return value.value;
    if (value.case !== "dimValue" || value.value < 0n) return `${info.name}_${axis}`;
    if (value.value > 2n ** 31n)
      throw new OnnxError(`input "${info.name}": expected sizes up to 2^31, got ${value.value}`);
    return Number(value.value);
  });
}

/** Finds the row of every node. @throws {OnnxError} listing every node that has none. */
function readableNodes({ graph, ranges, opset }: ModelFile): ReadableNode[] {
  const names = new Set<string>();
  const missing: string[] = [];
  const nodes = graph.node.flatMap((proto, i): ReadableNode[] => {
    const name = freshName(proto.name || `${proto.opType}_${i}`, names);
    const row = isDefaultDomain(proto.domain) ? rowFor(proto.opType, opset) : undefined;
    if (row !== undefined) return [{ proto, row, name, ranges: ranges.nodes[i]! }];
    const op = isDefaultDomain(proto.domain) ? proto.opType : `${proto.domain}.${proto.opType}`;
    missing.push(`node "${name}" (${op})`);
    return [];
  });
  if (missing.length > 0) {
    throw new OnnxError(
      `importOnnx: expected supported operators of opset ${opset}, got ${missing.join(", ")}; see SUPPORTED.md`,
    );
  }
  return nodes;
}

function freshName(wanted: string, taken: Set<string>): string {
  let name = wanted;
  for (let i = 2; taken.has(name); i++) name = `${wanted}_${i}`;
  taken.add(name);
  return name;
}

function readNode(node: ReadableNode, tensors: Map<string, DraftTensor>, nodes: GraphNode[], files: Files): void {
  const { proto, row, name } = node;
  const who = `node "${name}" (${proto.opType})`;
  const attributes = new AttributeReader(proto, who, node.ranges);
  checkArity(node, who);
  const converted = orOnnxError(() =>
    row.convert({
      who,
      attributes,
      inputs: trimmed(proto.input),
      has: (input) => (proto.input[input] ?? "") !== "",
      constant: (role, value) => {
        const key = `${name}.${role}`;
        if (tensors.has(key)) throw new OnnxError(`${who}: expected no value named "${key}", got one in the file`);
        tensors.set(key, { array: value, type: typeOfArray(value), place: undefined, order: undefined });
        return key;
      },
      tensor: (attribute) => readTensorAttribute(attributes, attribute, files, who),
    }),
  );
  attributes.finish();
  const output = proto.output[0] ?? "";
  if (output === "") throw new OnnxError(`${who}: expected a first output, got none`);
  if (!("constant" in converted)) {
    nodes.push({ name, ...converted, outputs: [output] });
    return;
  }
  if (tensors.has(output))
    throw new OnnxError(`${who}: expected a new value name as output, got "${output}", which exists already`);
  tensors.set(output, {
    ...converted.constant,
    type: converted.constant.place?.type ?? typeOfArray(converted.constant.array),
    order: undefined,
  });
}

function readTensorAttribute(
  attributes: AttributeReader,
  name: string,
  files: Files,
  who: string,
): StoredTensor | undefined {
  const found = attributes.stored(name, AttributeType.TENSOR);
  if (found?.proto.t === undefined) return undefined;
  const ranges = found.ranges?.tensor ?? { raw: undefined, floats: [], doubles: [] };
  return readTensor(found.proto.t, ranges, files, `${who}: ${name}`);
}

/** Absent inputs at the end are no inputs. */
function trimmed(inputs: readonly string[]): string[] {
  const names = [...inputs];
  while (names.at(-1) === "") names.pop();
  return names;
}

function checkArity({ proto, row }: ReadableNode, who: string): void {
  const [least, most] = row.inputs;
  const count = trimmed(proto.input).length;
  if (count < least || count > most || proto.input.slice(0, least).includes("")) {
    const expected = least === most ? `${least}` : `${least} to ${most}`;
    throw new OnnxError(`${who}: expected ${expected} inputs, got ${proto.input.length}`);
  }
  if (trimmed(proto.output).length > row.outputs) {
    throw new OnnxError(`${who}: expected at most ${row.outputs} outputs, got ${proto.output.length}`);
  }
}

/** Second outputs, masks and indices, may be declared but not read. */
function checkUnread({ graph }: ModelFile, readable: readonly ReadableNode[], nodes: readonly GraphNode[]): void {
  const made = new Set(nodes.flatMap((node) => node.outputs));
  const makers = new Map(readable.flatMap((node) => node.proto.output.slice(1).map((name) => [name, node] as const)));
  for (const name of [...nodes.flatMap((node) => node.inputs), ...graph.output.map((output) => output.name)]) {
    const maker = makers.get(name);
    if (name === "" || maker === undefined || made.has(name)) continue;
    throw new OnnxError(
      `node "${maker.name}" (${maker.proto.opType}): expected only its first output to be used, got a use of "${name}"`,
    );
  }
}

/** The file type an array of the model's would have. */
export function typeOfArray({ dtype }: HostArray): number {
  const types = { f32: DataType.FLOAT, f64: DataType.DOUBLE, i64: DataType.INT64, i32: DataType.INT32 };
  const small = { u8: DataType.UINT8, i8: DataType.INT8, bool: DataType.BOOL };
  return { ...types, ...small }[dtype];
}

/** Any error as an OnnxError with its message. */
export function orOnnxError<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    throw new OnnxError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
