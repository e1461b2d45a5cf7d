import { axisOf, sizeOf } from "@neft/tensor";
import { intAttribute } from "./attributes.js";
import { type AxisPosition, MixedError, rowMajor, trackNode } from "./axis-tracking.js";
import type { BatchProbe } from "./batching.js";
import type { GraphNode } from "./graph.js";
import { producersOf } from "./graph.js";

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

/** Operators that turn logits into probabilities or their logarithms, with the range of their outputs. */
const probabilityOperators: Readonly<Record<string, Interval>> = {
  LogSoftmax: [Number.NEGATIVE_INFINITY, 0],
  Sigmoid: [0, 1],
  Softmax: [0, 1],
};

/** Range of a value's elements. */
type Interval = readonly [low: number, high: number];

/** Operators that rearrange or select scores. Applied to the logits instead, they give the logits of their outputs. */
const rearranging = new Set(["Concat", "Flatten", "Gather", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"]);

/**
 * Operators that keep the order of scores: each maps the range of its input to that of its output, or to undefined
 * when the node's constants break the order.
 */
const orderKeeping: Readonly<
  Record<string, (interval: Interval, node: GraphNode, graph: ScoredGraph) => Interval | undefined>
> = {
  Identity: (interval) => interval,
  Dropout: (interval) => interval,
  Cast: (interval, { attributes }) => (attributes.to === "f32" ? interval : undefined),
  Mul: (interval, node, graph) => scaled(interval, operand(node, graph)),
  Div: (interval, node, { scalar }) => scaled(interval, 1 / (scalar(node.inputs[1]!) ?? Number.NaN)),
  Add: (interval, node, graph) => shifted(interval, operand(node, graph)),
  Sub: (interval, node, { scalar }) => shifted(interval, -(scalar(node.inputs[1]!) ?? Number.NaN)),
  Clip: (interval, { inputs: [, low, high] }, { scalar }) =>
    clipped(interval, low ? scalar(low) : Number.NEGATIVE_INFINITY, high ? scalar(high) : Number.POSITIVE_INFINITY),
  Relu: (interval) => clipped(interval, 0, Number.POSITIVE_INFINITY),
};

/** The constant operand of a node, or NaN. */
const operand = ({ inputs }: GraphNode, { scalar }: ScoredGraph): number =>
  scalar(inputs[1]!) ?? scalar(inputs[0]!) ?? Number.NaN;

const scaled = ([low, high]: Interval, factor: number): Interval | undefined =>
  factor > 0 && Number.isFinite(factor) ? [low * factor, high * factor] : undefined;

const shifted = ([low, high]: Interval, by: number): Interval | undefined =>
  Number.isFinite(by) ? [low + by, high + by] : undefined;

/**
 * Range after a Clip; undefined when the bounds hide scores: more than 1/100 of a probability's range, or
 * log-probabilities above −6.
 */
function clipped([low, high]: Interval, min = Number.NaN, max = Number.NaN): Interval | undefined {
  const reach = Number.isFinite(low) ? (high - low) / 100 : 0;
  const floor = Number.isFinite(low) ? low + reach : high - 6;
  return min <= floor && max >= high - reach ? [Math.max(low, min), Math.min(high, max)] : undefined;
}

/** The input of a node that is not a constant scalar. */
function dataOf(node: GraphNode, { scalar }: ScoredGraph): string {
  const isSecond = (node.op === "Add" || node.op === "Mul") && scalar(node.inputs[0]!) !== undefined;
  return node.inputs[isSecond ? 1 : 0]!;
}

/** Whether a node rearranges one value, controlled by shapes and constants only. */
function isView(node: GraphNode, { probe }: ScoredGraph): boolean {
  return (
    rearranging.has(node.op) &&
    (node.op !== "Concat" || node.inputs.length === 1) &&
    !probe.positions.has(node.inputs[1] ?? "")
  );
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
    if (node.op in probabilityOperators) {
      if (!keepsOrder(graph, path) || !isOverClasses(graph, path, output)) break;
      const views = path.filter((one) => isView(one, graph));
      found = { base: value, views, scores: new Set([value, ...path.map(({ outputs }) => outputs[0]!)]) };
    } else if (!isView(node, graph) && !(node.op in orderKeeping)) break;
    node = producers.get(value);
  }
  return found;
}

/** Whether the order of scores is the same after the softmax or sigmoid at the start of a path as at the output. */
function keepsOrder(graph: ScoredGraph, path: readonly GraphNode[]): boolean {
  const { known } = graph.probe;
  let interval: Interval | undefined;
  for (const node of path) {
    if (node.op in probabilityOperators) interval = probabilityOperators[node.op];
    else if (!isView(node, graph)) {
      const [input, output] = [dataOf(node, graph), node.outputs[0]!].map((name) => known.get(name)?.shape);
      if (interval === undefined || input?.join() !== output?.join()) return false;
      interval = orderKeeping[node.op]!(interval, node, graph);
      if (interval === undefined) return false;
    }
  }
  return interval !== undefined;
}

/** Whether an operator keeps elements in row-major order. */
const isRowMajor = (op: string): boolean =>
  op in orderKeeping ||
  op in probabilityOperators ||
  ["Concat", "Flatten", "Reshape", "Squeeze", "Unsqueeze"].includes(op);

/** Whether the softmax at the start of a path covers exactly the classes of the output. A sigmoid always passes. */
function isOverClasses(graph: ScoredGraph, [softmax, ...after]: readonly GraphNode[], output: string): boolean {
  if (softmax!.op === "Sigmoid") return true;
  const { known } = graph.probe;
  const shapeOf = (name: string): readonly number[] => known.get(name)!.shape;
  const given = shapeOf(softmax!.inputs[0]!);
  const axis = axisOf("axis", intAttribute(softmax!, "axis", -1), given.length);
  // Before opset 13, a softmax covers its axis and all later ones.
  const over = intAttribute(softmax!, "coerce", 0) === 0 ? 1 : given.length - axis;
  const classes = sizeOf(given.slice(axis, axis + over));
  let shape: readonly number[] = [...given.slice(0, axis), classes, ...given.slice(axis + over)];
  let position: AxisPosition | undefined = { axis, outer: 1, inner: 1 };
  for (const node of after) {
    if (isRowMajor(node.op)) continue;
    const data = dataOf(node, graph);
    const here = rowMajor(position!, shape, shapeOf(data), classes);
    if (here === undefined) return false;
    try {
      position = trackNode(node, (name) => (name === data ? here : undefined), known, classes);
    } catch (error) {
      if (error instanceof MixedError) return false;
      throw error;
    }
    shape = shapeOf(node.outputs[0]!);
  }
  const end = shapeOf(output);
  const there = position && rowMajor(position, shape, end, classes);
  return there !== undefined && there.axis === end.length - 1 && end[there.axis] === classes;
}

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
    if (node.op in probabilityOperators) found.add(node);
    const isGated = node.op === "Mul" && node.inputs.every((input) => graph.probe.positions.has(input));
    open.push(...node.inputs.filter((input) => !(isGated && producers.get(input)?.op === "Sigmoid")));
  }
  return graph.nodes.filter((node) => found.has(node));
}
