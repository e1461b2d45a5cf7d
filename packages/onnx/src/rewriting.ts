import {
  capturesOf,
  type GraphNode,
  type HostData,
  type Insertion,
  knownOperators,
  type Model,
  subgraphsOf,
} from "@neft/model";
import { namesOf, namesReadBy, renameReads } from "./captures.js";
import { tensorProto, valueInfoProto } from "./encode.js";
import { insertNodes } from "./insertion.js";
import { decode, encode } from "./message-type.js";
import { plainFile } from "./model-file.js";
import { type GraphProto, ModelProto, type NodeProto, type TensorProto } from "./onnx-proto.js";
import type { OnnxSource } from "./onnx-source.js";

/** What changed since the import. */
export interface Changes {
  /** Parameters already overwritten in place, with the name of the file's value that their bytes belong to. */
  readonly patched: ReadonlyMap<string, string>;
  /** Parameters that must become initializers. */
  readonly replaced: ReadonlySet<string>;
  /** Further nodes. The constants that only they read become initializers. */
  readonly insertions: readonly Insertion[];
}

/**
 * Makes a file compute the same as its model after weights changed, or nodes were added.
 *
 * A model's node corresponds to the file's node with the same output, and reads the same inputs at the same
 * positions. The file is correct when each of these inputs has the model's value. A fixed tensor that the model reads
 * becomes an initializer if the file's value there depends on a changed weight and isn't just that weight seen
 * through views. It gets its name in the model and replaces that output of the node that produced it, and all its
 * readers are redirected. In place of functions and sequences, the result has nodes; values of
 * bodies get unique names.
 *
 * @param bytes  The file, with patched weights in place.
 * @returns new bytes, or `bytes` if overwriting was enough, and the names of the tensors that became initializers.
 */
export function rewrite(
  model: Model,
  source: OnnxSource,
  bytes: Uint8Array,
  { patched, replaced, insertions }: Changes,
): { readonly bytes: Uint8Array; readonly written: ReadonlySet<string> } {
  const { proto, graph, opset } = plainFile(decode(ModelProto, bytes), new Map([...source.external, ["", bytes]]));
  const added = constantsOf(insertions, model, source);
  insertNodes(graph, insertions, opset, added);
  const producers = new Map(graph.node.flatMap((node) => node.output.map((name) => [name, node] as const)));
  const written = new Set([...replaced, ...added]);
  const isFixed = (name: string) => model.parameters.has(name) || model.constants.has(name);
  const readers: { node: NodeProto | undefined; input: number; name: string }[] = [];
  /** Fixed tensors that the bodies of a node read, and their names there. */
  const captures: { node: NodeProto; local: string; name: string }[] = [];
  for (const modelNode of model.nodes) {
    const node = producers.get(modelNode.outputs.find((name) => name !== "")!);
    const inner = innerNamesOf(modelNode);
    const own = modelNode.inputs.length - inner.length;
    modelNode.inputs.forEach((name, input) => {
      if (!isFixed(name) || node === undefined) return;
      if (input >= own) {
        const local = inner[input - own]!;
        captures.push({ node, local: source.locals.get(local) ?? local, name });
      } else if (node.input[input] !== undefined) readers.push({ node, input, name });
    });
  }
  for (const { name } of model.outputs) if (isFixed(name)) readers.push({ node: undefined, input: 0, name });
  for (let before = -1; before < written.size; ) {
    before = written.size;
    const effects = effectsOf(graph, new Set(patched.values()), written);
    for (const { node, input, name } of readers) {
      const effect = effects.get(node?.input[input] ?? name);
      if (effect !== undefined && effect !== patched.get(name)) written.add(name);
    }
    for (const { local, name } of captures) {
      const effect = effects.get(local);
      if (effect !== undefined && effect !== patched.get(name)) written.add(name);
    }
  }
  if (written.size === 0 && insertions.length === 0) return { bytes, written };

  const candidates = new Set<string>();
  const redirected = new Map<NodeProto, string[]>();
  for (const { node, input, name } of readers) {
    if (node === undefined || !written.has(name) || node.input[input] === name) continue;
    candidates.add(node.input[input]!);
    const inputs = redirected.get(node) ?? [...node.input];
    redirected.set(node, inputs);
    inputs[input] = name;
  }
  for (const [node, inputs] of redirected) node.input = inputs;
  for (const { node, local, name } of captures) {
    if (!written.has(name) || local === name) continue;
    candidates.add(local);
    renameReads(node, new Map([[local, name]]));
  }
  const removed = new Set<NodeProto>();
  const names = namesOf(graph);
  for (const node of new Set([...written].flatMap((name) => producers.get(name) ?? []))) {
    if (node.output.every((name) => name === "" || written.has(name))) {
      removed.add(node);
      for (const name of node.input) candidates.add(name);
    } else {
      // Others may read its other outputs: it stays, and makes the written ones under names that nobody reads.
      node.output = node.output.map((name) => (written.has(name) ? unusedName(name, names) : name));
      for (const name of node.output) candidates.add(name);
    }
  }
  graph.node = graph.node.filter((node) => !removed.has(node));
  setInitializers(model, source, graph, written, proto.irVersion < 4n);
  removeUnread(graph, candidates, proto.irVersion < 4n);
  return { bytes: encode(ModelProto, proto), written };
}

/** Constants of added nodes that the file doesn't have. */
function constantsOf(insertions: readonly Insertion[], { constants }: Model, { types }: OnnxSource): string[] {
  const read = insertions.flatMap(({ nodes }) => nodes.flatMap(({ inputs }) => inputs));
  return [...new Set(read)].filter((name) => constants.has(name) && !types.has(name));
}

/** A new name, which is added to those that are taken. */
function unusedName(name: string, taken: Set<string>): string {
  let unused = `${name}_before`;
  while (taken.has(unused)) unused += "_";
  taken.add(unused);
  return unused;
}

/** Names by which the graphs of a node know its last inputs. */
function innerNamesOf(node: GraphNode): readonly string[] {
  const [graph] = subgraphsOf(node);
  return graph === undefined ? [] : [...capturesOf(node, graph).keys()];
}

/** Marks a value that depends on several patched weights, or on one by more than views. */
const mixed = Symbol("mixed");

/** For every value that changes: the patched value it is a view or the decoding of, or `mixed`. */
function effectsOf(
  graph: GraphProto,
  patched: ReadonlySet<string>,
  written: ReadonlySet<string>,
): Map<string, string | typeof mixed> {
  const readers = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    for (const name of new Set(namesReadBy(node))) {
      const list = readers.get(name);
      if (list === undefined) readers.set(name, [node]);
      else list.push(node);
    }
  }
  const effects = new Map<string, string | typeof mixed>();
  const waiting: string[] = [];
  const mark = (name: string, effect: string | typeof mixed) => {
    const known = effects.get(name);
    if (name === "" || known === effect || known === mixed) return;
    effects.set(name, known === undefined ? effect : mixed);
    waiting.push(name);
  };
  for (const name of patched) mark(name, name);
  for (const name of written) mark(name, mixed);
  for (let name = waiting.pop(); name !== undefined; name = waiting.pop()) {
    for (const { opType, input, output } of readers.get(name) ?? []) {
      const { view, encode: codes } = knownOperators.get(opType)?.traits ?? {};
      const isView = (view || codes) && input[0] === name && !input.slice(1).some((other) => effects.has(other));
      for (const made of output) mark(made, isView ? effects.get(name)! : mixed);
    }
  }
  return effects;
}

/** Adds tensors of the model to the graph as raw initializers, replacing those with the same names. */
function setInitializers(
  model: Model,
  source: OnnxSource,
  graph: GraphProto,
  names: ReadonlySet<string>,
  areInputs: boolean,
): void {
  const left = new Set(names);
  const isResized = (name: string) =>
    names.has(name) && source.origins.has(name) && model.parameters.get(name)!.size !== source.origins.get(name)!.count;
  const protoOf = (name: string) => {
    const { dtype, shape } = model.parameters.get(name) ?? model.constants.get(name)!;
    const data = (model.parameters.get(name) ?? model.constants.get(name)!).toArray() as HostData;
    return tensorProto(name, { dtype, shape, data }, source.types.get(name));
  };
  graph.initializer = graph.initializer.map((one) => {
    if (!left.delete(one.name)) return one;
    const { docString } = one;
    return Object.assign(protoOf(one.name), docString === "" ? {} : { docString });
  });
  const added = [...left].map(protoOf);
  graph.initializer = [...graph.initializer, ...added];
  const infoOf = ({ name, dataType }: TensorProto) => {
    const { dtype, shape } = model.parameters.get(name) ?? model.constants.get(name)!;
    return valueInfoProto({ name, dtype, shape }, dataType);
  };
  const resized = new Map(graph.initializer.flatMap((one) => (isResized(one.name) ? [[one.name, one] as const] : [])));
  graph.input = graph.input.map((info) => (resized.has(info.name) ? infoOf(resized.get(info.name)!) : info));
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !resized.has(name));
  // Before IR version 4, every initializer was also an input.
  if (areInputs) graph.input = [...graph.input, ...added.map(infoOf)];
}

/**
 * Removes nodes, initializers and inputs that nothing reads any more.
 *
 * @param candidates  Values that lost a reader.
 * @param areInputs  Whether every initializer is also an input (IR versions before 4).
 */
function removeUnread(graph: GraphProto, candidates: Set<string>, areInputs: boolean): void {
  const reads = new Map<string, number>();
  const count = (name: string, change: number) => reads.set(name, (reads.get(name) ?? 0) + change);
  for (const node of graph.node) for (const name of namesReadBy(node)) count(name, 1);
  for (const { name } of graph.output) count(name, 1);
  const producers = new Map<string, NodeProto>();
  for (const node of graph.node) for (const name of node.output) if (name !== "") producers.set(name, node);
  const gone = new Set<NodeProto>();
  const unread = new Set<string>();
  // Iteration includes names that are added on the way.
  for (const name of candidates) {
    if ((reads.get(name) ?? 0) > 0) continue;
    const node = producers.get(name);
    if (node === undefined) unread.add(name);
    else if (!gone.has(node) && node.output.every((output) => (reads.get(output) ?? 0) === 0)) {
      gone.add(node);
      for (const input of namesReadBy(node)) {
        count(input, -1);
        candidates.delete(input);
        candidates.add(input);
      }
    }
  }
  graph.node = graph.node.filter((node) => !gone.has(node));
  const inputs = new Set(graph.input.map(({ name }) => name));
  // An initializer that is also an input can be fed by name, so it stays, unless the format made all of them inputs.
  const removed = new Set(
    graph.initializer.map(({ name }) => name).filter((name) => unread.has(name) && (areInputs || !inputs.has(name))),
  );
  graph.initializer = graph.initializer.filter(({ name }) => !removed.has(name));
  graph.input = graph.input.filter(({ name }) => !removed.has(name));
  const dead = new Set([...removed, ...[...gone].flatMap(({ output }) => output)]);
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !dead.has(name));
}
