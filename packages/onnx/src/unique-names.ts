import { changeBodies } from "./captures.js";
import { freshNames } from "./fresh-names.js";
import { withFields } from "./message-type.js";
import type { GraphProto, ValueInfoProto } from "./onnx-proto.js";

/** Finds the new name of a value. */
type Rename = (name: string) => string;

/**
 * Gives values of bodies names that no other value of the file has. Branches often use the same names, and a tensor
 * that moves out of its body has to be told from its namesakes by its name.
 */
export function withUniqueNames(graph: GraphProto): GraphProto {
  const freshName = freshNames();
  for (const name of ownNames(graph)) freshName(name);
  const renamedBody = (body: GraphProto, outer: Rename): GraphProto => {
    const own = new Map([...ownNames(body)].map((name) => [name, freshName(name)]));
    const rename: Rename = (name) => own.get(name) ?? outer(name);
    return renamedGraph(body, rename, renamedBody);
  };
  return withFields(graph, {
    node: graph.node.map((node) => changeBodies(node, (body) => renamedBody(body, (name) => name))),
  });
}

/** Names that a graph defines. */
export function ownNames({ input, initializer, node }: GraphProto): Set<string> {
  const names = [...input, ...initializer].map(({ name }) => name);
  return new Set([...names, ...node.flatMap(({ output }) => output)].filter((name) => name !== ""));
}

/** A body with other names of values. @param inner  Renames its own bodies. */
function renamedGraph(
  body: GraphProto,
  rename: Rename,
  inner: (body: GraphProto, outer: Rename) => GraphProto,
): GraphProto {
  const infos = (list: readonly ValueInfoProto[]) => list.map((info) => withFields(info, { name: rename(info.name) }));
  const all = (names: readonly string[]) => names.map((name) => (name === "" ? "" : rename(name)));
  return withFields(body, {
    node: body.node.map((node) =>
      changeBodies(withFields(node, { input: all(node.input), output: all(node.output) }), (one) => inner(one, rename)),
    ),
    input: infos(body.input),
    output: infos(body.output),
    valueInfo: infos(body.valueInfo),
    initializer: body.initializer.map((one) => withFields(one, { name: rename(one.name) })),
  });
}
