import type { GraphNode, HostArray, Operator, Subgraph, ValueInfo } from "@neft/model";
import { readAttributes, sortNodes } from "@neft/model";
import { inWords } from "@neft/options";
import { readNodeAttributes } from "./attribute-reader.js";
import { Budget } from "./budget.js";
import { bodiesOf, namesOf, neededNames } from "./captures.js";
import { readConstant } from "./constant-node.js";
import type { Draft, DraftTensor } from "./draft.js";
import { sharedStorage } from "./external-ranges.js";
import { freshNames } from "./fresh-names.js";
import type { ModelFile } from "./model-file.js";
import { OnnxError } from "./onnx-error.js";
import type { GraphProto, NodeProto, ValueInfoProto } from "./onnx-proto.js";
import { type OperatorVersion, versionOf } from "./operator-version.js";
import { isDefaultDomain } from "./opsets.js";
import type { ElementStorage, Files, StoredTensor } from "./stored-tensor.js";
import { dtypeOf, isKnownType, readTensor, typeOfDtype } from "./stored-tensor.js";

/** A node of the file, how its opset writes the operator, and its name in the model. */
interface ReadableNode {
  readonly proto: NodeProto;
  readonly version: OperatorVersion;
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
  checkNames("importOnnx", graph);
  const inputs = graph.input.filter(({ name }) => !stored.has(name)).map((info) => readInput(info));
  const names = namesOf(graph);
  const freshName = freshNames();
  const context: ReadContext = { ...file, operators, files, tensors, types, names, freshName, locals: new Map() };
  checkReadable(file, needed, operators);
  nodes.push(...readNodes(graph, "", needed, context, new Map()));
  const outputs = graph.output.map((info) => ({ name: info.name, dtype: "f32" as const, shape: readShape(info) }));
  let count = 0;
  const isAlone = soleStorage(tensors.values());
  for (const [name, tensor] of tensors) {
    count += tensor.array.data.length;
    const { storage } = tensor;
    if (storage !== undefined && (isShared(storage) || !isAlone(storage)))
      tensors.set(name, { ...tensor, storage: undefined });
  }
  return {
    name: graph.name || "model",
    inputs,
    outputs,
    nodes: sortNodes(nodes, [...inputs.map(({ name }) => name), ...stored, ...tensors.keys()]),
    tensors,
    types,
    names,
    locals: context.locals,
    budget: new Budget(count),
  };
}

/** Returns a predicate for storage that one tensor has. A function that is called twice has its tensors twice. */
function soleStorage(tensors: Iterable<DraftTensor>): (storage: ElementStorage) => boolean {
  const keyOf = ({ file, ranges: [first] }: ElementStorage) => `${first?.offset} ${file}`;
  const counts = new Map<string, number>();
  for (const { storage } of tensors) {
    if (storage !== undefined) counts.set(keyOf(storage), (counts.get(keyOf(storage)) ?? 0) + 1);
  }
  return (storage) => counts.get(keyOf(storage)) === 1;
}

/** @throws {OnnxError} for an input or output without a name, or inputs of one name. */
function checkNames(who: string, { input, output }: Pick<GraphProto, "input" | "output">): void {
  const names = input.map(({ name }) => name);
  if ([...names, ...output.map(({ name }) => name)].includes(""))
    throw new OnnxError(`${who}: expected inputs and outputs with names, got one without`);
  const seen = new Set<string>();
  const twice = names.find((name) => seen.has(name) || !seen.add(name));
  if (twice !== undefined) throw new OnnxError(`${who}: expected inputs of different names, got two ${inWords(twice)}`);
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

/** Limit on the operators listed in a message. */
const maxListed = 100;

/** @throws {OnnxError} listing every operator without a row that needed nodes have, in bodies too. */
function checkReadable(
  { graph, opset }: ModelFile,
  needed: ReadonlySet<string>,
  operators: ReadonlyMap<string, Operator>,
): void {
  const missing = new Map<string, MissingOperator>();
  findMissing(graph, needed, opset, operators, missing);
  if (missing.size === 0) return;
  const listed = [...missing].map(([op, { first, count }]) =>
    count === 1 ? `${op} (node ${inWords(first)})` : `${op} (${count} nodes, first ${inWords(first)})`,
  );
  const shown = listed.slice(0, maxListed);
  const more = listed.length > maxListed ? ` and ${listed.length - maxListed} more` : "";
  throw new OnnxError(
    `importOnnx: expected supported operators of opset ${opset}, got ${shown.join(", ")}${more}; see SUPPORTED.md`,
    { operators: [...missing.keys()].slice(0, maxListed) },
  );
}

/** Nodes of an operator without a row. */
interface MissingOperator {
  /** Name of the first node. */
  readonly first: string;
  count: number;
}

/** Adds the operators without a row, by name with their domain if that isn't ONNX's own. */
function findMissing(
  graph: GraphProto,
  needed: ReadonlySet<string>,
  opset: number,
  operators: ReadonlyMap<string, Operator>,
  missing: Map<string, MissingOperator>,
  owner = "",
  freshName = freshNames(),
): void {
  const nodeNames = namesOfNodes(graph, owner, freshName);
  for (const [i, proto] of graph.node.entries()) {
    const name = nodeNames[i]!;
    if (!proto.output.some((output) => needed.has(output))) continue;
    const isOwn = isDefaultDomain(proto.domain);
    if (!isOwn || (proto.opType !== "Constant" && versionOf(operators, proto.opType, opset) === undefined)) {
      const op = isOwn ? proto.opType : `${proto.domain}.${proto.opType}`;
      const known = missing.get(op);
      if (known === undefined) missing.set(op, { first: name, count: 1 });
      else known.count++;
    }
    for (const body of bodiesOf(proto))
      findMissing(body, neededNames(body), opset, operators, missing, name, freshName);
  }
}

/** Names of a graph's nodes, which no other node of the file has. Those of a body begin with its owner's name. */
function namesOfNodes(
  { node }: Pick<GraphProto, "node">,
  owner: string,
  freshName: (wanted: string) => string,
): string[] {
  const prefix = owner === "" ? "" : `${owner}/`;
  return node.map(({ name, opType }, i) => freshName(`${prefix}${name || `${opType}_${i}`}`));
}

/** What reading nodes needs, and the parts of a draft that it adds to. */
interface ReadContext extends ModelFile {
  readonly operators: ReadonlyMap<string, Operator>;
  readonly files: Files;
  readonly tensors: Map<string, DraftTensor>;
  readonly types: Map<string, number>;
  /** Names of values that are taken. */
  readonly names: Set<string>;
  /** Makes names of nodes unique. */
  readonly freshName: (wanted: string) => string;
  /** Names in a body of tensors that were moved out of it, by their names in the draft. */
  readonly locals: Map<string, string>;
}

/**
 * Reads the needed nodes of a graph or body.
 *
 * @param owner  Name of the node whose body it is; empty for the whole graph.
 * @param moved  New names of tensors that were moved out of bodies.
 */
function readNodes(
  graph: Pick<GraphProto, "node">,
  owner: string,
  needed: ReadonlySet<string>,
  context: ReadContext,
  moved: ReadonlyMap<string, string>,
): GraphNode[] {
  const nodeNames = namesOfNodes(graph, owner, context.freshName);
  return graph.node.flatMap((proto, i) => {
    const name = nodeNames[i]!;
    if (!proto.output.some((output) => needed.has(output))) return [];
    if (proto.opType === "Constant") {
      addConstant(proto, name, context, moved);
      return [];
    }
    const version = versionOf(context.operators, proto.opType, context.opset)!;
    return [readNode({ proto, version, name }, needed, context, moved)];
  });
}

/** Adds the tensor of a Constant to the draft. */
function addConstant(
  proto: NodeProto,
  name: string,
  { tensors, files, opset }: ReadContext,
  moved: ReadonlyMap<string, string>,
): void {
  const who = `node ${inWords(name)} (Constant)`;
  checkArity(who, proto, { inputs: [0, 0], outputs: 1 });
  const value = readConstant(proto, opset, files, who);
  const output = proto.output[0]!;
  const key = moved.get(output) ?? output;
  if (tensors.has(key))
    throw new OnnxError(`${who}: expected a new name as output, got ${inWords(output)}, which exists already`);
  tensors.set(key, draftTensor(value, key === output ? output : undefined));
}

/** Reads one node, in the form of its operator's row. Tensors of its bodies are moved to the draft. */
function readNode(
  { proto, version, name }: ReadableNode,
  needed: ReadonlySet<string>,
  context: ReadContext,
  moved: ReadonlyMap<string, string>,
): GraphNode {
  const { row, adapt } = version;
  const { tensors, files, types } = context;
  const who = `node ${inWords(name)} (${proto.opType})`;
  checkArity(who, proto, version);
  const read = readNodeAttributes(proto, version.attributes, files, who);
  const inputs = trimmed(proto.input.map((input) => moved.get(input) ?? input));
  const bodies = readBodies(proto, name, context, moved);
  const values = { ...read.values, ...bodies.attributes };
  const attributes = checked(who, () => readAttributes(version.attributes, values));
  const given = Object.keys(values).map((key) => [key, attributes[key]]);
  const adapted =
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
  const defined = Object.entries(adapted.attributes ?? {}).filter(([, value]) => value !== undefined);
  const outputs = trimmed(proto.output.map((output) => (needed.has(output) ? output : "")));
  const { outputs: readable = 1 } = row;
  if (outputs.length > readable) {
    const only = readable === 1 ? "only its first output" : `only its first ${readable} outputs`;
    throw new OnnxError(`${who}: expected ${only} to be used, got a use of ${inWords(outputs.at(-1)!)}`);
  }
  if (read.type !== undefined && outputs[0]) types.set(outputs[0], read.type);
  return {
    name,
    op: row.name,
    inputs: [...(adapted.inputs ?? inputs), ...bodies.captures],
    outputs,
    attributes: Object.fromEntries(defined) as GraphNode["attributes"],
  };
}

/** Graphs of a node, and the names that they read from outside. All of them get all of these as last inputs. */
function readBodies(
  proto: NodeProto,
  name: string,
  context: ReadContext,
  moved: ReadonlyMap<string, string>,
): { attributes: Record<string, Subgraph>; captures: string[] } {
  const read = proto.attribute.flatMap(({ name: key, g }) =>
    g ? [[key, readBody(g, name, context, moved)] as const] : [],
  );
  const captures = [...new Set(read.flatMap(([, body]) => body.captured))];
  const attributes = read.map(([key, { inputs, outputs, nodes }]) => {
    const graph: Subgraph = {
      inputs: [...inputs, ...captures],
      captures: captures.length,
      outputs,
      nodes: sortNodes(nodes, [...inputs, ...captures]),
    };
    return [key, graph] as const;
  });
  return { attributes: Object.fromEntries(attributes), captures };
}

/** Reads a body. Its tensors become tensors of the draft, which it reads from outside. */
function readBody(body: GraphProto, owner: string, context: ReadContext, outer: ReadonlyMap<string, string>) {
  const { tensors, files, names, locals } = context;
  checkNames(`graph in node ${inWords(owner)}`, body);
  const moved = new Map(outer);
  const needed = neededNames(body);
  const move = (name: string): string => {
    let key = `${owner}/${name}`;
    while (names.has(key)) key += "_";
    names.add(key);
    locals.set(key, name);
    moved.set(name, key);
    return key;
  };
  const inputs = body.input.map(({ name }) => name);
  for (const name of [...inputs, ...body.node.flatMap(({ output }) => output)]) moved.delete(name);
  for (const proto of body.initializer) {
    if (!needed.has(proto.name)) continue;
    const who = `initializer ${inWords(proto.name)} in node ${inWords(owner)}`;
    tensors.set(move(proto.name), draftTensor(readTensor(proto, files, who), undefined));
  }
  for (const { opType, output } of body.node) if (opType === "Constant" && needed.has(output[0]!)) move(output[0]!);
  const nodes = readNodes(body, owner, needed, context, moved);
  const outputs = body.output.map(({ name }) => moved.get(name) ?? name);
  const own = new Set([...inputs, ...nodes.flatMap((node) => node.outputs)]);
  const captured = [...nodes.flatMap((node) => node.inputs), ...outputs].filter(
    (name) => name !== "" && !own.has(name),
  );
  return { inputs, outputs, nodes, captured };
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

/** Tensor of a draft, stored under a value name; undefined for a tensor of a body, which no export overwrites in place. */
function draftTensor({ storage, ...stored }: StoredTensor, value: string | undefined): DraftTensor {
  return { ...stored, storage: storage && value !== undefined ? { ...storage, value } : undefined, order: undefined };
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
  // Lists of any length have no optional members. Loop, whose first two inputs may be absent, has no minimum.
  if (max === Number.POSITIVE_INFINITY && min > 0 && trimmed(input).includes(""))
    throw new OnnxError(`${who}: expected inputs that are all present, got an absent one`);
  if (trimmed(output).length > outputs)
    throw new OnnxError(`${who}: expected at most ${outputs} outputs, got ${output.length}`);
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
