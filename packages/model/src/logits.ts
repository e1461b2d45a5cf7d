import { sizeOf } from "@neft/tensor";
import { trackNode } from "./axis-tracking.js";
import type { BatchProbe } from "./batching.js";
import type { GraphNode } from "./graph.js";
import { producersOf } from "./graph.js";
import { operatorOf } from "./known-operators.js";
import { valuesOf } from "./operators/operator.js";
import { type AxisPosition, MixedError, rowMajor } from "./operators/tracks.js";
import type { Interval } from "./operators/traits.js";

/** The logits of an output. */
export interface Logits {
  /** Value that holds them: the input of the softmax or sigmoid, or the output itself. */
  readonly base: string;
  /** Nodes that rearrange the base as the graph rearranges the scores after it, in order. */
  readonly views: readonly GraphNode[];
  /** All values from the base to the output. */
  readonly scores: ReadonlySet<string>;
}

/** A graph whose logits are searched. */
export interface ScoredGraph {
  readonly nodes: readonly GraphNode[];
  /** The element of a constant with one element; undefined for any other name. */
  scalar(name: string): number | undefined;
  readonly probe: BatchProbe;
}

const traitsOf = (node: GraphNode) => operatorOf(node).traits;

/** Elements of a node's inputs that are constant scalars. */
const scalarOf =
  ({ inputs }: GraphNode, graph: ScoredGraph) =>
  (input: number): number | undefined =>
    graph.scalar(inputs[input] ?? "");

/** The input of a node that is not a constant scalar. */
function dataOf(node: GraphNode, { scalar }: ScoredGraph): string {
  const { adds, multiplies } = traitsOf(node);
  const isSecond = (adds || multiplies) && scalar(node.inputs[0]!) !== undefined;
  return node.inputs[isSecond ? 1 : 0]!;
}

/** Whether a node rearranges one value, controlled by shapes and constants only. */
function isView(node: GraphNode, { probe }: ScoredGraph): boolean {
  return traitsOf(node).rearranges !== undefined && !probe.positions.has(node.inputs[1] ?? "") && isAlone(node);
}

/** Whether a node rearranges one value, not several joined ones. */
function isAlone(node: GraphNode): boolean {
  return operatorOf(node).inputs[1] !== Number.POSITIVE_INFINITY || node.inputs.length === 1;
}

/**
 * Finds the logits of an output [batch, classes]: the input of the first softmax or sigmoid at the end of the graph.
 *
 * Nodes after it may keep the order of scores, rearrange them, or be a softmax over exactly the classes. Rearranging
 * nodes are returned as views, to be applied to the logits. Without such a softmax or sigmoid, the output itself is
 * returned.
 */
export function findLogits(graph: ScoredGraph, output: string): Logits {
  const producers = producersOf(graph.nodes);
  let found: Logits = { base: output, views: [], scores: new Set([output]) };
  const path: GraphNode[] = [];
  for (let node = producers.get(output); node !== undefined; ) {
    path.unshift(node);
    const value = dataOf(node, graph);
    const { probability, order } = traitsOf(node);
    if (probability !== undefined) {
      if (!keepsOrder(graph, path) || !isOverClasses(graph, path, output)) break;
      const views = path.filter((one) => isView(one, graph));
      found = { base: value, views, scores: new Set([value, ...path.map(({ outputs }) => outputs[0]!)]) };
    } else if (!isView(node, graph) && order === undefined) break;
    node = producers.get(value);
  }
  return found;
}

/** Whether the order of scores is the same after the softmax or sigmoid at the start of a path as at the output. */
function keepsOrder(graph: ScoredGraph, path: readonly GraphNode[]): boolean {
  const { known } = graph.probe;
  let interval: Interval | undefined;
  for (const node of path) {
    const { probability, order } = traitsOf(node);
    if (probability !== undefined) interval = probability.range;
    else if (!isView(node, graph)) {
      const [input, output] = [dataOf(node, graph), node.outputs[0]!].map((name) => known.get(name)?.shape);
      if (interval === undefined || input?.join() !== output?.join()) return false;
      interval = order?.(interval, scalarOf(node, graph), valuesOf(operatorOf(node), node), node);
      if (interval === undefined) return false;
    }
  }
  return interval !== undefined;
}

/** Whether an operator keeps elements in row-major order. */
const isRowMajor = (node: GraphNode): boolean => {
  const { order, probability, rearranges } = traitsOf(node);
  return order !== undefined || probability !== undefined || rearranges === "rowMajor";
};

/** Whether the softmax at the start of a path covers exactly the classes of the output. A sigmoid always passes. */
function isOverClasses(graph: ScoredGraph, [softmax, ...after]: readonly GraphNode[], output: string): boolean {
  const { probability } = traitsOf(softmax!);
  if (probability?.axes === undefined) return true;
  const { known } = graph.probe;
  const shapeOf = (name: string): readonly number[] => known.get(name)!.shape;
  const given = shapeOf(softmax!.inputs[0]!);
  const [axis, end] = probability.axes(valuesOf(operatorOf(softmax!), softmax!), given.length);
  const classes = sizeOf(given.slice(axis, end));
  let shape: readonly number[] = [...given.slice(0, axis), classes, ...given.slice(end)];
  let position: AxisPosition | undefined = { axis, outer: 1, inner: 1 };
  for (const node of after) {
    if (isRowMajor(node)) continue;
    const data = dataOf(node, graph);
    const here = rowMajor(position!, shape, shapeOf(data), classes);
    if (here === undefined) return false;
    try {
      [position] = trackNode(node, (name) => (name === data ? here : undefined), known, classes);
    } catch (error) {
      if (error instanceof MixedError) return false;
      throw error;
    }
    shape = shapeOf(node.outputs[0]!);
  }
  const last = shapeOf(output);
  const there = position && rowMajor(position, shape, last, classes);
  return there !== undefined && there.axis === last.length - 1 && last[there.axis] === classes;
}

/** Whether a node maps each element to a probability, as a gate does. */
const isGate = (node: GraphNode | undefined): boolean => {
  const { probability } = node ? traitsOf(node) : {};
  return probability !== undefined && probability.axes === undefined;
};

/**
 * Softmaxes and sigmoids between the last array nodes and a value, whose outputs the value contains. A sigmoid that
 * gates other data, as in x·σ(x), is left out.
 *
 * @param arrays  Array nodes of the graph.
 */
export function probabilityNodesBefore(graph: ScoredGraph, value: string, arrays: ReadonlySet<GraphNode>): GraphNode[] {
  const producers = producersOf(graph.nodes);
  const found = new Set<GraphNode>();
  const seen = new Set<string>();
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = producers.get(name);
    if (seen.has(name) || node === undefined || arrays.has(node) || !graph.probe.positions.has(name)) continue;
    seen.add(name);
    if (traitsOf(node).probability !== undefined) found.add(node);
    const isGated = traitsOf(node).multiplies && node.inputs.every((input) => graph.probe.positions.has(input));
    open.push(...node.inputs.filter((input) => !(isGated && isGate(producers.get(input)))));
  }
  return graph.nodes.filter((node) => found.has(node));
}
