import type { GraphNode, HostArray, ValueInfo } from "@neft/model";
import { sortNodes } from "@neft/model";
import { inWords } from "@neft/options";
import { AttributeReader } from "./attribute-reader.js";
import { Budget } from "./budget.js";
import type { AttributeRanges } from "./byte-ranges.js";
import type { Draft, DraftTensor } from "./draft.js";
import { sharedPlaces } from "./external-ranges.js";
import { isDefaultDomain, type ModelFile } from "./model-file.js";
import type { GraphProto, NodeProto, ValueInfoProto } from "./onnx_pb.js";
import { AttributeProto_AttributeType as AttributeType, TensorProto_DataType as DataType } from "./onnx_pb.js";
import { OnnxError } from "./onnx-error.js";
import type { OperatorRow } from "./operators/row.js";
import { rowFor } from "./operators/table.js";
import type { Files, StoredTensor } from "./stored-tensor.js";
import { dtypeOf, isKnownType, readTensor } from "./stored-tensor.js";

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
  const needed = neededNames(graph);
  for (const { values } of graph.sparseInitializer) {
    const name = values?.name ?? "";
    if (needed.has(name)) throw new OnnxError(`initializer "${name}": expected a dense tensor, got a sparse one`);
  }
  const stored = new Set<string>();
  const draft = { tensors: new Map<string, DraftTensor>(), nodes: [] as GraphNode[], types: new Map<string, number>() };
  const { tensors, nodes, types } = draft;
  const isShared = sharedPlaces(graph, files);
  graph.initializer.forEach((proto, i) => {
    const who = `initializer ${inWords(proto.name)}`;
    if (stored.has(proto.name)) throw new OnnxError(`${who}: expected a name of its own, got one that stands twice`);
    stored.add(proto.name);
    const isNeeded = needed.has(proto.name);
    // Nobody reads it, and what it would be isn't known.
    if (!isNeeded && !isKnownType(proto.dataType)) return;
    const tensor = placed(readTensor(proto, file.ranges.initializers[i]!, files, who), proto.name);
    if (isNeeded) tensors.set(proto.name, tensor);
  });
  const inputs = graph.input.filter(({ name }) => !stored.has(name)).map((info) => readInput(info));
  const readable = readableNodes(file, needed);
  for (const node of readable) readNode(node, draft, files);
  checkUnread(file, readable, nodes);
  const outputs = graph.output.map((info) => ({ name: info.name, dtype: "f32" as const, shape: readShape(info) }));
  let count = 0;
  for (const [name, tensor] of tensors) {
    count += tensor.array.data.length;
    if (tensor.place !== undefined && isShared(tensor.place)) tensors.set(name, { ...tensor, place: undefined });
  }
  return {
    name: graph.name || "model",
    inputs,
    outputs,
    nodes: sortNodes(nodes, [...inputs.map(({ name }) => name), ...stored, ...tensors.keys()]),
    tensors,
    types,
    names: new Set([...stored, ...graph.node.flatMap(({ output }) => output), ...graph.input.map(({ name }) => name)]),
    budget: new Budget(count),
  };
}

/** Names of the values that the outputs need, whatever the order of the nodes. */
function neededNames({ node: nodes, output }: GraphProto): Set<string> {
  const makers = new Map<string, NodeProto[]>();
  for (const node of nodes) {
    for (const name of node.output) {
      const list = makers.get(name);
      if (list === undefined) makers.set(name, [node]);
      else list.push(node);
    }
  }
  const names = new Set(output.map(({ name }) => name));
  const visited = new Set<NodeProto>();
  // A set that grows while it is walked is walked to its end.
  for (const name of names) {
    for (const node of makers.get(name) ?? []) {
      if (visited.has(node)) continue;
      visited.add(node);
      for (const input of node.input) if (input !== "") names.add(input);
    }
  }
  return names;
}

function readInput(info: ValueInfoProto): ValueInfo {
  const type = info.type?.tensorType;
  const who = `input ${inWords(info.name)}`;
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
      throw new OnnxError(`input ${inWords(info.name)}: expected sizes up to 2^31, got ${value.value}`);
    return Number(value.value);
  });
}

/** Most nodes in a message. */
const mostListed = 100;

/** Finds the row of every node that is needed. @throws {OnnxError} listing every one that has none. */
function readableNodes({ graph, ranges, opset }: ModelFile, needed: ReadonlySet<string>): ReadableNode[] {
  const freshName = freshNames();
  const missing: string[] = [];
  const nodes = graph.node.flatMap((proto, i): ReadableNode[] => {
    const name = freshName(proto.name || `${proto.opType}_${i}`);
    if (!proto.output.some((output) => needed.has(output))) return [];
    const row = isDefaultDomain(proto.domain) ? rowFor(proto.opType, opset) : undefined;
    if (row !== undefined) return [{ proto, row, name, ranges: ranges.nodes[i]! }];
    const op = isDefaultDomain(proto.domain) ? proto.opType : `${proto.domain}.${proto.opType}`;
    missing.push(`node ${inWords(name)} (${op})`);
    return [];
  });
  if (missing.length > 0) {
    const shown = missing.slice(0, mostListed).join(", ");
    const more = missing.length > mostListed ? ` and ${missing.length - mostListed} more` : "";
    throw new OnnxError(
      `importOnnx: expected supported operators of opset ${opset}, got ${shown}${more}; see SUPPORTED.md`,
    );
  }
  return nodes;
}

/** Gives each name it is asked for, or that with the next number that is free. */
function freshNames(): (wanted: string) => string {
  const taken = new Set<string>();
  const next = new Map<string, number>();
  return (wanted) => {
    let name = wanted;
    let number = next.get(wanted) ?? 2;
    while (taken.has(name)) name = `${wanted}_${number++}`;
    next.set(wanted, number);
    taken.add(name);
    return name;
  };
}

interface Reading {
  readonly tensors: Map<string, DraftTensor>;
  readonly nodes: GraphNode[];
  readonly types: Map<string, number>;
}

function readNode(node: ReadableNode, { tensors, nodes, types }: Reading, files: Files): void {
  const { proto, row, name } = node;
  const who = `node ${inWords(name)} (${proto.opType})`;
  const attributes = new AttributeReader(proto, who, node.ranges);
  checkArity(node, who);
  const converted = orOnnxError(() =>
    row.convert({
      who,
      attributes,
      inputs: trimmed(proto.input),
      outputs: trimmed(proto.output),
      has: (input) => (proto.input[input] ?? "") !== "",
      constant: (role, value) => {
        const key = `${name}.${role}`;
        if (tensors.has(key))
          throw new OnnxError(`${who}: expected no value named ${inWords(key)}, got one in the file`);
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
    const { op, inputs, attributes: values, type } = converted;
    nodes.push({ name, op, inputs, attributes: values, outputs: [output] });
    if (type !== undefined) types.set(output, type);
    return;
  }
  if (tensors.has(output))
    throw new OnnxError(`${who}: expected a new value name as output, got ${inWords(output)}, which exists already`);
  tensors.set(output, placed(converted.constant, output));
}

/** A tensor as the file has it under a name. */
function placed({ place, ...stored }: StoredTensor, value: string): DraftTensor {
  return { ...stored, place: place && { ...place, value }, order: undefined };
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
      `node ${inWords(maker.name)} (${maker.proto.opType}): expected only its first output to be used, got a use of ${inWords(name)}`,
    );
  }
}

/** The file type an array of the model's would have. */
export function typeOfArray({ dtype }: HostArray): number {
  const types = { f32: DataType.FLOAT, i64: DataType.INT64, i32: DataType.INT32 };
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
