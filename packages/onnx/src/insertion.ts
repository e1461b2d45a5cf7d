import { type GraphNode, type Insertion, operatorOf } from "@neft/model";
import { inWords } from "@neft/options";
import { namesOf } from "./captures.js";
import { encodeNode } from "./encode.js";
import { OnnxError } from "./onnx-error.js";
import type { GraphProto } from "./onnx-proto.js";
import { opsetOf } from "./operator-version.js";

/**
 * Adds nodes to a file's graph, each list after the node whose value it takes.
 *
 * @param opset  The file's, which stays.
 * @param constants  Names of constants that the nodes read and the file doesn't have yet.
 * @throws {OnnxError} when the opset can't express a node, or the file has another value of a new name.
 */
export function insertNodes(
  graph: GraphProto,
  insertions: readonly Insertion[],
  opset: number,
  constants: readonly string[],
): void {
  const taken = namesOf(graph);
  const take = (name: string) => {
    if (taken.has(name))
      throw new OnnxError(`exportOnnx: expected ${inWords(name)} to be a new name, got one that the file has already`);
    taken.add(name);
  };
  for (const name of constants) take(name);
  for (const { value, made, nodes } of insertions) {
    for (const name of [made, ...nodes.flatMap(({ outputs }) => outputs)]) if (name !== value) take(name);
    for (const node of nodes) checkOpset(node, opset);
    const at = graph.node.findIndex(({ output }) => output.includes(value));
    const producer = graph.node[at];
    if (producer === undefined)
      throw new OnnxError(`exportOnnx: expected a node that makes ${inWords(value)}, got none in the file`);
    producer.output = producer.output.map((name) => (name === value ? made : name));
    graph.node = [...graph.node.slice(0, at + 1), ...nodes.flatMap(encodeNode), ...graph.node.slice(at + 1)];
  }
}

function checkOpset(node: GraphNode, opset: number): void {
  const needed = opsetOf(operatorOf(node), node);
  if (needed <= opset) return;
  throw new OnnxError(
    `exportOnnx: node ${inWords(node.name)} (${node.op}): expected an opset of ${needed} or more, got a file of opset ${opset}`,
  );
}
