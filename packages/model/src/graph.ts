import { inWords } from "@neft/options";
import type { DType } from "@neft/tensor";

/** An attribute is plain data: tensors become constants of the model, not attributes. */
export type AttributeValue = number | string | readonly number[] | readonly string[];

/** One operator applied to named values; semantics are those of the newest ONNX version up to opset 22. */
export interface GraphNode {
  /** Unique in its model. */
  readonly name: string;
  readonly op: string;
  /** Value names; an empty name is an absent optional input. */
  readonly inputs: readonly string[];
  /** Value names; an empty name is an output nobody reads. */
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** An input or output of a graph. A string in `shape` is a symbolic size, equal wherever the same name stands. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** How messages name a node: `node "conv1" (Conv)`. */
export function describeNode(node: GraphNode): string {
  return `node ${inWords(node.name)} (${node.op})`;
}

/** A few names for a message, with the number left out. */
export function listNames(names: Iterable<string>, most = 12): string {
  const all = [...names];
  const shown = all.slice(0, most).map(inWords);
  return all.length > most ? `${shown.join(", ")} and ${all.length - most} more` : shown.join(", ") || "none";
}

/** The node that makes each value. */
export function producersOf(nodes: readonly GraphNode[]): Map<string, GraphNode> {
  const producers = new Map<string, GraphNode>();
  for (const node of nodes) for (const output of node.outputs) if (output !== "") producers.set(output, node);
  return producers;
}

/**
 * Orders nodes so that every value is made before it is read, keeping the given order where it already is.
 *
 * @param given  Names that exist before any node runs: inputs, parameters, constants.
 * @throws {Error} when a name is made twice, a value is read that nothing makes, or nodes wait for each other.
 */
export function sortNodes(nodes: readonly GraphNode[], given: Iterable<string>): GraphNode[] {
  const ready = new Set(given);
  const made = new Map<string, GraphNode>();
  const names = new Set<string>();
  for (const node of nodes) {
    if (names.has(node.name)) throw new Error(`graph: expected unique node names, got ${inWords(node.name)} twice`);
    names.add(node.name);
    for (const output of node.outputs) {
      if (output === "") continue;
      if (ready.has(output) || made.has(output)) {
        throw new Error(
          `${describeNode(node)}: expected a new value name as output, got ${inWords(output)}, which exists already`,
        );
      }
      made.set(output, node);
    }
  }
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (input !== "" && !ready.has(input) && !made.has(input)) {
        throw new Error(
          `${describeNode(node)}: expected a value some node makes as input, got ${inWords(input)}, which nothing makes`,
        );
      }
    }
  }
  return orderByInputs(nodes, ready);
}

/** Kahn's algorithm with a queue in the given order. */
function orderByInputs(nodes: readonly GraphNode[], ready: ReadonlySet<string>): GraphNode[] {
  const waiting = new Map<GraphNode, number>();
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    const missing = new Set(node.inputs.filter((input) => input !== "" && !ready.has(input)));
    waiting.set(node, missing.size);
    for (const input of missing) {
      const list = readers.get(input);
      if (list) list.push(node);
      else readers.set(input, [node]);
    }
  }
  const order: GraphNode[] = [];
  const queue = nodes.filter((node) => waiting.get(node) === 0);
  for (let next = 0; next < queue.length; next++) {
    const node = queue[next]!;
    order.push(node);
    for (const output of new Set(node.outputs)) {
      for (const reader of readers.get(output) ?? []) {
        const left = waiting.get(reader)! - 1;
        waiting.set(reader, left);
        if (left === 0) queue.push(reader);
      }
    }
  }
  if (order.length < nodes.length) {
    const stuck = nodes.filter((node) => waiting.get(node)! > 0).map((node) => node.name);
    throw new Error(`graph: expected no cycles, got nodes that wait for each other: ${listNames(stuck)}`);
  }
  return isOrdered(nodes, ready) ? [...nodes] : order;
}

function isOrdered(nodes: readonly GraphNode[], ready: ReadonlySet<string>): boolean {
  const seen = new Set(ready);
  for (const node of nodes) {
    if (node.inputs.some((input) => input !== "" && !seen.has(input))) return false;
    for (const output of node.outputs) seen.add(output);
  }
  return true;
}
