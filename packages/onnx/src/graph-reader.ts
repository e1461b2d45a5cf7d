import type { GraphNode, HostArray, Operator, ValueInfo } from "@neft/model";
import { readAttributes, sortNodes } from "@neft/model";
import { inWords } from "@neft/options";
import type { DType } from "@neft/tensor";
import { readNodeAttributes } from "./attribute-reader.js";
import { Budget } from "./budget.js";
import { readConstant } from "./constant-node.js";
import type { Draft, DraftTensor } from "./draft.js";
import { sharedStorage } from "./external-ranges.js";
import { isDefaultDomain, type ModelFile } from "./model-file.js";
import { DataType } from "./onnx-enums.js";
import { OnnxError } from "./onnx-error.js";
import type { GraphProto, NodeProto, ValueInfoProto } from "./onnx-proto.js";
import { type OperatorVersion, versionOf } from "./operator-version.js";
import type { Files, StoredTensor } from "./stored-tensor.js";
import { dtypeOf, isKnownType, readTensor } from "./stored-tensor.js";

/** A node of the file, how its opset writes the operator, and its name in the model. */
interface ReadableNode {
  readonly proto: NodeProto;
  /** Undefined for a Constant. */
  readonly version: OperatorVersion | undefined;
  readonly name: string;
}

/**
 * Converts a file's graph to a draft: newest semantics, attributes that became inputs as constants, nodes
 * topologically sorted.
 *
 * @throws {OnnxError} listing all unsupported operators, or naming the first invalid attribute, tensor or value.
 */
export function readGraph(file: ModelFile, files: Files, operators: ReadonlyMap<string, Operator>): Draft {
  const { graph } = file;
  const needed = neededNames(graph);
  for (const { values } of graph.sparseInitializer) {
    const name = values?.name ?? "";
    if (needed.has(name)) throw new OnnxError(`initializer "${name}": expected a dense tensor, got a sparse one`);
  }
  const stored = new Set<string>();
  const draft = { tensors: new Map<string, DraftTensor>(), nodes: [] as GraphNode[], types: new Map<string, number>() };
  const { tensors, nodes, types } = draft;
  const isShared = sharedStorage(graph, files);
  for (const proto of graph.initializer) {
    const who = `initializer ${inWords(proto.name)}`;
    if (stored.has(proto.name)) throw new OnnxError(`${who}: expected a unique name, got one that occurs twice`);
    stored.add(proto.name);
    const isNeeded = needed.has(proto.name);
    // An unused initializer may have an unknown type.
    if (!isNeeded && !isKnownType(proto.dataType)) continue;
    const tensor = draftTensor(readTensor(proto, files, who), proto.name);
    if (isNeeded) tensors.set(proto.name, tensor);
  }
  const inputs = graph.input.filter(({ name }) => !stored.has(name)).map((info) => readInput(info));
  for (const node of readableNodes(file, needed, operators)) {
    if (node.version === undefined) addConstant(node, file.opset, draft, files);
    else readNode({ ...node, version: node.version }, needed, draft, files);
  }
  const outputs = graph.output.map((info) => ({ name: info.name, dtype: "f32" as const, shape: readShape(info) }));
  let count = 0;
  for (const [name, tensor] of tensors) {
    count += tensor.array.data.length;
    if (tensor.storage !== undefined && isShared(tensor.storage)) tensors.set(name, { ...tensor, storage: undefined });
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

/** Names of the values that the outputs depend on. Nodes may be in any order. */
function neededNames({ node: nodes, output }: GraphProto): Set<string> {
  const producers = new Map<string, NodeProto[]>();
  for (const node of nodes) {
    for (const name of node.output) {
      const list = producers.get(name);
      if (list === undefined) producers.set(name, [node]);
      else list.push(node);
    }
  }
  const names = new Set(output.map(({ name }) => name));
  const visited = new Set<NodeProto>();
  // Iteration includes names that are added on the way.
  for (const name of names) {
    for (const node of producers.get(name) ?? []) {
      if (visited.has(node)) continue;
      visited.add(node);
      for (const input of node.input) if (input !== "") names.add(input);
    }
  }
  return names;
}

/** Reads a declared input. @throws {OnnxError} when it isn't a tensor of known rank. */
function readInput(info: ValueInfoProto): ValueInfo {
  const type = info.type?.tensorType;
  const who = `input ${inWords(info.name)}`;
  if (type?.shape === undefined)
    throw new OnnxError(
      `${who}: expected a tensor of known rank, got ${type ? "no shape: declare its axes, with symbols for sizes that vary" : "another type"}`,
    );
  return { name: info.name, dtype: dtypeOf(type.elemType, who), shape: readShape(info) };
}

/** Sizes and symbols of a declared shape. An axis without either gets a new symbol. */
function readShape(info: ValueInfoProto): (number | string)[] {
  const dims = info.type?.tensorType?.shape?.dim ?? [];
  return dims.map(({ dimValue, dimParam }, axis) => {
    if (dimParam) return dimParam;
    if (dimValue === undefined || dimValue < 0n) return `${info.name}_${axis}`;
    if (dimValue > 2n ** 31n)
      throw new OnnxError(`input ${inWords(info.name)}: expected sizes up to 2^31, got ${dimValue}`);
    return Number(dimValue);
  });
}

/** Limit on the nodes listed in a message. */
const maxListed = 100;

/** Finds the row of every needed node. @throws {OnnxError} listing every such node without one. */
function readableNodes(
  { graph, opset }: ModelFile,
  needed: ReadonlySet<string>,
  operators: ReadonlyMap<string, Operator>,
): ReadableNode[] {
  const freshName = freshNames();
  const missing: string[] = [];
  const nodes = graph.node.flatMap((proto, i): ReadableNode[] => {
    const name = freshName(proto.name || `${proto.opType}_${i}`);
    if (!proto.output.some((output) => needed.has(output))) return [];
    const isOwn = isDefaultDomain(proto.domain);
    if (isOwn && proto.opType === "Constant") return [{ proto, version: undefined, name }];
    const version = isOwn ? versionOf(operators, proto.opType, opset) : undefined;
    if (version !== undefined) return [{ proto, version, name }];
    const op = isOwn ? proto.opType : `${proto.domain}.${proto.opType}`;
    missing.push(`node ${inWords(name)} (${op})`);
    return [];
  });
  if (missing.length > 0) {
    const shown = missing.slice(0, maxListed).join(", ");
    const more = missing.length > maxListed ? ` and ${missing.length - maxListed} more` : "";
    throw new OnnxError(
      `importOnnx: expected supported operators of opset ${opset}, got ${shown}${more}; see SUPPORTED.md`,
    );
  }
  return nodes;
}

/** Returns a function that makes names unique by appending a number. */
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

/** Parts of a draft that reading a node adds to. */
interface DraftParts {
  readonly tensors: Map<string, DraftTensor>;
  readonly nodes: GraphNode[];
  readonly types: Map<string, number>;
}

/** Adds the tensor of a Constant to the draft. */
function addConstant({ proto, name }: ReadableNode, opset: number, { tensors }: DraftParts, files: Files): void {
  const who = `node ${inWords(name)} (Constant)`;
  checkArity(who, proto, { inputs: [0, 0], outputs: 1 });
  const value = readConstant(proto, opset, files, who);
  const output = proto.output[0]!;
  if (tensors.has(output))
    throw new OnnxError(`${who}: expected a new name as output, got ${inWords(output)}, which exists already`);
  tensors.set(output, draftTensor(value, output));
}

/** Reads one node into the draft, in the form of its operator's row. */
function readNode(
  { proto, version, name }: ReadableNode & { readonly version: OperatorVersion },
  needed: ReadonlySet<string>,
  { tensors, nodes, types }: DraftParts,
  files: Files,
): void {
  const { row, adapt } = version;
  const who = `node ${inWords(name)} (${proto.opType})`;
  checkArity(who, proto, version);
  const read = readNodeAttributes(proto, version.attributes, files, who);
  const inputs = trimmed(proto.input);
  const attributes = checked(who, () => readAttributes(version.attributes, read.values));
  const given = Object.keys(read.values).map((key) => [key, attributes[key]]);
  const { inputs: adapted = inputs, attributes: values = {} } =
    adapt === undefined
      ? { inputs, attributes: Object.fromEntries(given) }
      : checked(who, () =>
          adapt({
            inputs,
            outputs: trimmed(proto.output),
            attributes,
            constant: (role, value) => {
              const key = `${name}.${role}`;
              if (tensors.has(key)) {
                throw new OnnxError(
                  `${who}: expected ${inWords(key)} to be unused, got a value of that name in the file`,
                );
              }
              tensors.set(key, { array: value, type: typeOfArray(value), storage: undefined, order: undefined });
              return key;
            },
          }),
        );
  const defined = Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
  const outputs = trimmed(proto.output.map((output) => (needed.has(output) ? output : "")));
  const { outputs: readable = 1 } = row;
  if (outputs.length > readable) {
    const only = readable === 1 ? "only its first output" : `only its first ${readable} outputs`;
    throw new OnnxError(`${who}: expected ${only} to be used, got a use of ${inWords(outputs.at(-1)!)}`);
  }
  nodes.push({ name, op: row.name, inputs: adapted, outputs, attributes: defined as GraphNode["attributes"] });
  if (read.type !== undefined && outputs[0]) types.set(outputs[0], read.type);
}

/** Runs a function and converts its errors to OnnxErrors that begin with `who`. */
function checked<T>(who: string, body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    throw new OnnxError(`${who}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}

/** Tensor of a draft, stored under a value name. */
function draftTensor({ storage, ...stored }: StoredTensor, value: string): DraftTensor {
  return { ...stored, storage: storage && { ...storage, value }, order: undefined };
}

/** Drops absent names at the end. */
function trimmed(inputs: readonly string[]): string[] {
  const names = [...inputs];
  while (names.at(-1) === "") names.pop();
  return names;
}

function checkArity(
  who: string,
  { input, output }: NodeProto,
  { inputs: [min, max], outputs }: Pick<OperatorVersion, "inputs" | "outputs">,
): void {
  const count = trimmed(input).length;
  if (count < min || count > max || input.slice(0, min).includes("")) {
    const expected = min === max ? `${min}` : `${min} to ${max}`;
    throw new OnnxError(`${who}: expected ${expected} inputs, got ${input.length}`);
  }
  if (trimmed(output).length > outputs)
    throw new OnnxError(`${who}: expected at most ${outputs} outputs, got ${output.length}`);
}

/** TensorProto.DataType of a dtype. */
export function typeOfDtype(dtype: DType): number {
  const types = { f32: DataType.FLOAT, i64: DataType.INT64, i32: DataType.INT32 };
  const small = { u8: DataType.UINT8, i8: DataType.INT8, bool: DataType.BOOL };
  return { ...types, ...small }[dtype];
}

/** TensorProto.DataType of an array's dtype. */
export function typeOfArray({ dtype }: HostArray): number {
  return typeOfDtype(dtype);
}

/** Runs a function and converts its errors to OnnxError. */
export function orOnnxError<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof OnnxError) throw error;
    throw new OnnxError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}
