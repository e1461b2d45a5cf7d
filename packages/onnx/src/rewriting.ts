import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { type HostData, type Model, viewOperators } from "@neft/model";
import { tensorProto, valueInfoProto } from "./encode.js";
import { type GraphProto, ModelProtoSchema, type NodeProto } from "./onnx_pb.js";
import type { OnnxSource } from "./onnx-source.js";

/** Which parameters changed since the import. */
export interface Changes {
  /** Those whose own bytes were overwritten already, with the value of the file that has these bytes. */
  readonly patched: ReadonlyMap<string, string>;
  /** Those that have to become initializers. */
  readonly anew: ReadonlySet<string>;
}

/**
 * Makes a file compute what its model does, where weights changed. Returns the bytes themselves where overwriting did it.
 *
 * A node of the model stands for the file's node with the same first output, and reads its inputs in the same places. So a file is
 * right when each of these inputs has the value the model reads there. Every fixed tensor that the model reads where the file has
 * something that follows from a change, and that isn't the changed weight seen through views, becomes an initializer: under
 * the name it has in the model, in place of what made it, and all its readers are pointed to it.
 *
 * @param bytes  The file, with patched weights in it.
 */
export function rewrite(model: Model, source: OnnxSource, bytes: Uint8Array, { patched, anew }: Changes): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, bytes);
  const graph = proto.graph!;
  const makers = new Map(graph.node.map((node) => [node.output[0] ?? "", node]));
  const written = new Set(anew);
  const isFixed = (name: string) => model.parameters.has(name) || model.constants.has(name);
  const readers: { node: NodeProto | undefined; input: number; name: string }[] = [];
  for (const { inputs, outputs } of model.nodes) {
    const node = makers.get(outputs[0]!);
    inputs.forEach((name, input) => {
      if (isFixed(name) && node?.input[input] !== undefined) readers.push({ node, input, name });
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
  }
  if (written.size === 0) return bytes;

  const loose = new Set<string>();
  for (const { node, input, name } of readers) {
    if (node === undefined || !written.has(name) || node.input[input] === name) continue;
    loose.add(node.input[input]!);
    node.input[input] = name;
  }
  const removed = new Set([...written].flatMap((name) => makers.get(name) ?? []));
  for (const node of removed) for (const name of node.input) loose.add(name);
  graph.node = graph.node.filter((node) => !removed.has(node));
  place(model, source, graph, written, proto.irVersion < 4n);
  removeUnread(graph, loose, proto.irVersion < 4n);
  return toBinary(ModelProtoSchema, proto);
}

/** What a value follows from that isn't a sole patched weight seen through views. */
const mixed = Symbol("mixed");

/** For every value of the file that changes: the patched value that it is a view of, or that something else changes it. */
function effectsOf(
  graph: GraphProto,
  patched: ReadonlySet<string>,
  written: ReadonlySet<string>,
): Map<string, string | typeof mixed> {
  const readers = new Map<string, NodeProto[]>();
  for (const node of graph.node) {
    for (const name of new Set(node.input)) {
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
      const isView =
        viewOperators.has(opType) && input[0] === name && !input.slice(1).some((other) => effects.has(other));
      for (const made of output) mark(made, isView ? effects.get(name)! : mixed);
    }
  }
  return effects;
}

/** Puts tensors of the model into the graph as raw initializers, in place of those of their names. */
function place(
  model: Model,
  source: OnnxSource,
  graph: GraphProto,
  names: ReadonlySet<string>,
  areInputs: boolean,
): void {
  const left = new Set(names);
  const protoOf = (name: string) => {
    const { dtype, shape } = model.parameters.get(name) ?? model.constants.get(name)!;
    const data = (model.parameters.get(name) ?? model.constants.get(name)!).toArray() as HostData;
    return tensorProto(name, { dtype, shape, data }, source.types.get(name)!);
  };
  graph.initializer = graph.initializer.map((one) => {
    if (!left.delete(one.name)) return one;
    const { docString } = one;
    return Object.assign(protoOf(one.name), docString === "" ? {} : { docString });
  });
  for (const name of left) {
    const proto = protoOf(name);
    graph.initializer.push(proto);
    // Before IR 4 every initializer was an input too.
    const { dtype, shape } = model.parameters.get(name) ?? model.constants.get(name)!;
    if (areInputs) graph.input.push(valueInfoProto({ name, dtype, shape }, proto.dataType));
  }
}

/** Removes what made values that nobody reads any more, beginning with those that lost a reader. */
function removeUnread(graph: GraphProto, loose: Set<string>, areInputs: boolean): void {
  const reads = new Map<string, number>();
  const count = (name: string, change: number) => reads.set(name, (reads.get(name) ?? 0) + change);
  for (const { input } of graph.node) for (const name of input) count(name, 1);
  for (const { name } of graph.output) count(name, 1);
  const makers = new Map<string, NodeProto>();
  for (const node of graph.node) for (const name of node.output) if (name !== "") makers.set(name, node);
  const gone = new Set<NodeProto>();
  const unread = new Set<string>();
  // A set that grows while it is walked is walked to its end.
  for (const name of loose) {
    if ((reads.get(name) ?? 0) > 0) continue;
    const node = makers.get(name);
    if (node === undefined) unread.add(name);
    else if (!gone.has(node) && node.output.every((output) => (reads.get(output) ?? 0) === 0)) {
      gone.add(node);
      for (const input of node.input) {
        count(input, -1);
        loose.delete(input);
        loose.add(input);
      }
    }
  }
  graph.node = graph.node.filter((node) => !gone.has(node));
  const inputs = new Set(graph.input.map(({ name }) => name));
  // An initializer that is an input too may be fed by its name: that stays, but where the format made all of them inputs.
  const removed = new Set(
    graph.initializer.map(({ name }) => name).filter((name) => unread.has(name) && (areInputs || !inputs.has(name))),
  );
  graph.initializer = graph.initializer.filter(({ name }) => !removed.has(name));
  graph.input = graph.input.filter(({ name }) => !removed.has(name));
  const dead = new Set([...removed, ...[...gone].flatMap(({ output }) => output)]);
  graph.valueInfo = graph.valueInfo.filter(({ name }) => !dead.has(name));
}
