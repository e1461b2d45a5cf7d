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
