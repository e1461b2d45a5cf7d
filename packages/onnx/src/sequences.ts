import type { HostArray } from "@neft/model";
import { inWords } from "@neft/options";
import { bodiesOf, changeBodies, namesOf, namesReadBy, neededNames } from "./captures.js";
import { readConstant } from "./constant-node.js";
import { withFields } from "./message-type.js";
import { OnnxError } from "./onnx-error.js";
import type { GraphProto, NodeProto, TensorProto } from "./onnx-proto.js";
import { isDefaultDomain } from "./opsets.js";
import { type FileContext, SequenceNode } from "./sequence-node.js";
import { type Sequence, sequenceOperators, sequenceSince, type Values } from "./sequence-operators.js";
import { type Files, readTensor } from "./stored-tensor.js";

// Sequences are lists of tensors. A graph that makes one and reads it at constant positions needs none: its nodes are
// replaced by nodes on the tensors.

/** Limit on the tensors in all sequences of a file, because every insertion makes a new one, and on new nodes' inputs. */
const maxEntries = 2 ** 18;

/** A graph whose nodes are resolved. */
interface Scope extends FileContext {
  readonly files: Files;
  /** What is known of the graph's own values. */
  readonly values: ReadonlyMap<string, Known>;
  /** The graph around a body. */
  readonly outer: Scope | undefined;
}

interface Known {
  readonly constant?: TensorProto | NodeProto;
  /** Declared sizes. */
  readonly shape?: readonly (number | undefined)[];
}

/**
 * Replaces the nodes that make or read sequences by nodes on their tensors, and drops nodes that no output needs.
 * Bodies are resolved likewise, each for itself.
 *
 * @returns the same message if the file has no sequences.
 * @throws {OnnxError} naming the node that reads a sequence from outside of its graph, at a position that isn't
 *   constant or doesn't exist, or that isn't an operator on sequences.
 */
export function withoutSequences(graph: GraphProto, opset: number, files: Files): GraphProto {
  if (opset < sequenceSince || !hasSequences(graph)) return graph;
  let entries = 0;
  const spend = (count: number) => {
    entries += count;
    if (entries > maxEntries)
      throw new OnnxError(`importOnnx: expected at most ${maxEntries} tensors in the sequences of a file, got more`);
  };
  return resolveGraph(graph, { opset, files, spend, names: namesOf(graph), values: new Map(), outer: undefined });
}

function operatorOf({ domain, opType }: NodeProto) {
  return isDefaultDomain(domain) && Object.hasOwn(sequenceOperators, opType) ? sequenceOperators[opType] : undefined;
}

function hasSequences({ node }: GraphProto): boolean {
  return node.some((one) => operatorOf(one) !== undefined || bodiesOf(one).some(hasSequences));
}

function resolveGraph(graph: GraphProto, outer: Scope): GraphProto {
  const needed = neededNames(graph);
  const nodes = graph.node.filter(({ output }) => output.some((name) => needed.has(name)));
  const scope = scopeOf(graph, outer);
  const { sequences, resolved } = resolveNodes(nodes, scope);
  const node = nodes.flatMap((one) => resolved.get(one) ?? [changeBodies(one, (body) => resolveGraph(body, scope))]);
  for (const one of node) {
    const read = namesReadBy(one).find((name) => sequences.has(name));
    if (read === undefined) continue;
    const who = `node ${inWords(one.name || one.output[0]!)} (${one.opType})`;
    throw new OnnxError(`${who}: expected tensors, got the sequence ${inWords(read)}: ${rule}`);
  }
  for (const { name } of graph.output) {
    if (sequences.has(name)) throw new OnnxError(`output ${inWords(name)}: expected a tensor, got a sequence: ${rule}`);
  }
  return withFields(graph, { node, valueInfo: graph.valueInfo.filter(({ name }) => !sequences.has(name)) });
}

const rule = "sequences have to stay inside one graph";

/** Resolves the nodes of one graph that make or read sequences, in any order. */
function resolveNodes(nodes: readonly NodeProto[], scope: Scope) {
  const sequences = new Map<string, Sequence>();
  const sites = new Map<NodeProto, SequenceNode>();
  const cache = new Map<string, HostArray | undefined>();
  const values: Values = {
    sequence: (name) => sequences.get(name)!,
    integers: (name) => {
      if (!cache.has(name)) cache.set(name, integersOf(name, scope));
      return cache.get(name);
    },
    size: (name, axis) => known(name, scope)?.shape?.at(axis),
  };
  /** Nodes that wait for the sequence that they read. */
  const readers = new Map<string, NodeProto[]>();
  const ready: NodeProto[] = [];
  for (const [i, node] of nodes.entries()) {
    const operator = operatorOf(node);
    if (operator === undefined && node.opType !== "Identity") continue;
    sites.set(node, new SequenceNode(node, node.name || `${node.opType}_${i}`, scope));
    const waiting = operator?.reads === false ? ready : (readers.get(node.input[0] ?? "") ?? []);
    waiting.push(node);
    if (waiting !== ready) readers.set(node.input[0] ?? "", waiting);
  }
  const resolved = new Map<NodeProto, readonly NodeProto[]>();
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    const site = sites.get(node)!;
    const operator = operatorOf(node);
    // An Identity of a sequence is that sequence.
    const made = operator === undefined ? sequences.get(node.input[0]!) : operator.resolve(site, values);
    resolved.set(node, site.made);
    if (made === undefined) continue;
    if (sequences.has(site.output)) site.fail("a new name as output", `${inWords(site.output)}, which exists already`);
    sequences.set(site.output, made);
    ready.push(...(readers.get(site.output) ?? []));
  }
  for (const [node, site] of sites) {
    if (operatorOf(node) === undefined || resolved.has(node)) continue;
    const [name = ""] = node.input;
    site.fail("a sequence that a node of the same graph makes", `${inWords(name)}: ${rule}`);
  }
  return { sequences, resolved };
}

/** The scope of a graph. */
function scopeOf({ node, initializer, input, output, valueInfo }: GraphProto, outer: Scope): Scope {
  const values = new Map<string, Known>();
  for (const { name } of input) values.set(name, {});
  for (const one of node) {
    const constant = one.opType === "Constant" ? { constant: one } : {};
    for (const name of one.output) values.set(name, constant);
  }
  for (const { name, type } of [...input, ...valueInfo, ...output]) {
    const dims = type?.tensorType?.shape?.dim ?? [];
    const shape = dims.map(({ dimValue }) => (dimValue === undefined || dimValue < 0n ? undefined : Number(dimValue)));
    values.set(name, { ...values.get(name), shape });
  }
  for (const one of initializer) values.set(one.name, { constant: one, shape: one.dims.map(Number) });
  return { ...outer, values, outer };
}

/** What is known of a value: names of a graph hide those around it. */
function known(name: string, scope: Scope): Known | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.outer) {
    const found = at.values.get(name);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** A constant of integers: an initializer or a Constant. */
function integersOf(name: string, scope: Scope): HostArray | undefined {
  const { files, opset } = scope;
  const found = known(name, scope)?.constant;
  if (found === undefined) return undefined;
  const who = `constant ${inWords(name)}`;
  const { array } = "opType" in found ? readConstant(found, opset, files, who) : readTensor(found, files, who);
  return array.dtype === "i64" || array.dtype === "i32" ? array : undefined;
}
