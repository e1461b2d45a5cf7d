import { withFields } from "./message-type.js";
import type { GraphProto, NodeProto } from "./onnx-proto.js";

// Graphs in attributes: bodies of If, Loop and Scan. They read values of the graphs around them by name.

/** The graphs that a node's attributes hold. */
export function bodiesOf({ attribute }: NodeProto): GraphProto[] {
  return attribute.flatMap(({ g, graphs }) => [...(g ? [g] : []), ...graphs]);
}

/** Names that a node reads: its inputs, and what its bodies read from outside. */
export function namesReadBy(node: NodeProto): string[] {
  const bodies = bodiesOf(node);
  return bodies.length === 0 ? [...node.input] : [...node.input, ...bodies.flatMap((body) => [...capturedBy(body)])];
}

/** Names that a body reads from outside. */
export function capturedBy(body: GraphProto): Set<string> {
  const own = new Set([
    ...body.input.map(({ name }) => name),
    ...body.initializer.map(({ name }) => name),
    ...body.node.flatMap(({ output }) => output),
  ]);
  const read = [...body.node.flatMap(namesReadBy), ...body.output.map(({ name }) => name)];
  return new Set(read.filter((name) => name !== "" && !own.has(name)));
}

/** Makes bodies read other names, wherever they read the keys of a table from outside or from their own tensors. */
export function renameReads(node: NodeProto, names: ReadonlyMap<string, string>): void {
  const renamed = (name: string) => names.get(name) ?? name;
  for (const body of bodiesOf(node)) {
    for (const inner of body.node) {
      inner.input = inner.input.map(renamed);
      renameReads(inner, names);
    }
    body.output = body.output.map((info) =>
      names.has(info.name) ? withFields(info, { name: renamed(info.name) }) : info,
    );
  }
}

/** Names of the values that the outputs depend on. Nodes may be in any order. */
export function neededNames({ node: nodes, output }: Pick<GraphProto, "node" | "output">): Set<string> {
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
      for (const input of namesReadBy(node)) if (input !== "") names.add(input);
    }
  }
  return names;
}

/** Names of all values of a graph and its bodies. */
export function namesOf(graph: GraphProto, names = new Set<string>()): Set<string> {
  for (const { name } of [...graph.initializer, ...graph.input]) names.add(name);
  for (const node of graph.node) {
    for (const name of node.output) names.add(name);
    for (const body of bodiesOf(node)) namesOf(body, names);
  }
  return names;
}

/** A node whose graphs are replaced. */
export function changeBodies(node: NodeProto, change: (body: GraphProto) => GraphProto): NodeProto {
  if (bodiesOf(node).length === 0) return node;
  const attribute = node.attribute.map((one) => (one.g === undefined ? one : withFields(one, { g: change(one.g) })));
  return withFields(node, { attribute });
}
