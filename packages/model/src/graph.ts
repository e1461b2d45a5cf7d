import { inWords } from "@neft/options";
import type { DType } from "@neft/tensor";
import type { HostArray } from "./host-array.js";

/** Value of an attribute: plain data. */
export type AttributeValue = number | string | boolean | readonly number[] | readonly string[] | HostArray | Subgraph;

/**
 * A graph that a node holds and runs. It has no tensors of its own and sees no other values than its inputs: what it
 * reads from outside follows its own inputs, and the node passes it.
 */
export interface Subgraph {
  /** Value names. */
  readonly inputs: readonly string[];
  /** How many of the inputs, the last ones, are values that the file's graph reads from outside. */
  readonly captures: number;
  readonly outputs: readonly string[];
  /** Topologically sorted. */
  readonly nodes: readonly GraphNode[];
}

/** One operator applied to named values, with the semantics of its newest ONNX version. */
export interface GraphNode {
  /** Unique in its model. */
  readonly name: string;
  readonly op: string;
  /** Value names. An empty name is an absent optional input. */
  readonly inputs: readonly string[];
  /** Value names. An empty name is an unused output. */
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
}

/** An input or output of a graph. A string in `shape` is a symbolic size; equal symbols have equal sizes. */
export interface ValueInfo {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly (number | string)[];
}

/** The graphs that a node holds. */
export function subgraphsOf({ attributes }: GraphNode): Subgraph[] {
  return Object.values(attributes).filter(
    (value): value is Subgraph => typeof value === "object" && "nodes" in value && "captures" in value,
  );
}

/** Names, where the node stands, of the values that a graph of it reads from outside, by their names inside. */
export function capturesOf({ inputs }: GraphNode, { inputs: inner, captures }: Subgraph): Map<string, string> {
  const outer = inputs.slice(inputs.length - captures);
  return new Map(inner.slice(inner.length - captures).map((name, i) => [name, outer[i]!]));
}

/** Name of a node in messages: `node "conv1" (Conv)`. */
export function describeNode(node: GraphNode): string {
  return `node ${inWords(node.name)} (${node.op})`;
}

/** Names for a message, at most `max` of them, with the number of the others. Default: 12. */
export function listNames(names: Iterable<string>, max = 12): string {
  const all = [...names];
  const shown = all.slice(0, max).map(inWords);
  return all.length > max ? `${shown.join(", ")} and ${all.length - max} more` : shown.join(", ") || "none";
}

/** Maps each value name to the node that produces it. */
export function producersOf(nodes: readonly GraphNode[]): Map<string, GraphNode> {
  const producers = new Map<string, GraphNode>();
  for (const node of nodes) for (const output of node.outputs) if (output !== "") producers.set(output, node);
  return producers;
}

/**
 * Sorts nodes topologically. Nodes that are already sorted keep their order.
 *
 * @param given  Names of values that no node produces: inputs, parameters, constants.
 * @throws {Error} when a node name is repeated, a value is produced twice or not at all, or nodes form a cycle.
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
          `${describeNode(node)}: expected a new name as output, got ${inWords(output)}, which exists already`,
        );
      }
      made.set(output, node);
    }
  }
  for (const node of nodes) {
    for (const input of node.inputs) {
      if (input !== "" && !ready.has(input) && !made.has(input)) {
        throw new Error(
          `${describeNode(node)}: expected an input that some node produces, got ${inWords(input)}, which none does`,
        );
      }
    }
  }
  return orderByInputs(nodes, ready);
}

/** Kahn's algorithm; ready nodes run in the given order. */
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
    throw new Error(`graph: expected no cycles, got one among the nodes ${listNames(stuck)}`);
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
