import { axisOf, sizeOf } from "@neft/tensor";
import { intAttribute } from "./attributes.js";
import { type AxisPlace, MixedError, rowMajor, trackNode } from "./axis-tracking.js";
import type { BatchProbe } from "./batching.js";
import type { GraphNode } from "./graph.js";
import { producersOf } from "./graph.js";

/** Where the logits of an output are. */
export interface Logits {
  /** A value of the graph: the input of the softmax or sigmoid, or the output itself. */
  readonly base: string;
  /** Nodes that rearrange the base as the graph rearranges the scores behind it, in their order. */
  readonly views: readonly GraphNode[];
  /** All values from the base to the output. */
  readonly scores: ReadonlySet<string>;
}

/** What is known of a graph when its logits are looked for. */
export interface ScoredGraph {
  readonly nodes: readonly GraphNode[];
  /** The only element of a constant, where it has just one. */
  scalar(name: string): number | undefined;
  readonly probe: BatchProbe;
}

/** Operators that turn logits into probabilities, or their logarithms, with the values they give. */
const squashers: Readonly<Record<string, Interval>> = {
  LogSoftmax: [Number.NEGATIVE_INFINITY, 0],
  Sigmoid: [0, 1],
  Softmax: [0, 1],
};

type Interval = readonly [low: number, high: number];

/** Operators that only rearrange scores or pick some: done to the logits instead, they give the logits of what they gave. */
const rearranging = new Set(["Concat", "Flatten", "Gather", "Reshape", "Slice", "Squeeze", "Transpose", "Unsqueeze"]);

/** What operators that keep the scores' order make of an interval; undefined where a node doesn't keep it. */
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

/** The constant number among the two operands, or NaN. */
const operand = ({ inputs }: GraphNode, { scalar }: ScoredGraph): number =>
  scalar(inputs[1]!) ?? scalar(inputs[0]!) ?? Number.NaN;

const scaled = ([low, high]: Interval, factor: number): Interval | undefined =>
  factor > 0 && Number.isFinite(factor) ? [low * factor, high * factor] : undefined;

const shifted = ([low, high]: Interval, by: number): Interval | undefined =>
  Number.isFinite(by) ? [low + by, high + by] : undefined;

/** Bounds that cut less than a hundredth of a probability, or of its logarithm what is below e⁻⁶, hide no score that matters. */
function clipped([low, high]: Interval, least = Number.NaN, most = Number.NaN): Interval | undefined {
  const reach = Number.isFinite(low) ? (high - low) / 100 : 0;
  const floor = Number.isFinite(low) ? low + reach : high - 6;
  return least <= floor && most >= high - reach ? [Math.max(low, least), Math.min(high, most)] : undefined;
}

/** The data a node hands on: its operand that isn't a constant number. */
function dataOf(node: GraphNode, { scalar }: ScoredGraph): string {
  const isSecond = (node.op === "Add" || node.op === "Mul") && scalar(node.inputs[0]!) !== undefined;
  return node.inputs[isSecond ? 1 : 0]!;
}

/** Whether a node rearranges one value by shapes and constants alone. */
function isView(node: GraphNode, { probe }: ScoredGraph): boolean {
  return (
    rearranging.has(node.op) &&
    (node.op !== "Concat" || node.inputs.length === 1) &&
    !probe.places.has(node.inputs[1] ?? "")
  );
}

/**
 * Finds the logits of an output [batch, classes]: the input of the first of the softmaxes and sigmoids that end the graph, with
 * what rearranges scores behind them done to it. Operators that keep the scores' order are seen through; so is a softmax over
 * the classes, all of them, and nothing else.
 */
export function findLogits(graph: ScoredGraph, output: string): Logits {
  const producers = producersOf(graph.nodes);
  let found: Logits = { base: output, views: [], scores: new Set([output]) };
  const path: GraphNode[] = [];
  for (let node = producers.get(output); node !== undefined; ) {
    path.unshift(node);
    const value = dataOf(node, graph);
    if (node.op in squashers) {
      if (!keepsOrder(graph, path) || !isOverClasses(graph, path, output)) break;
      const views = path.filter((one) => isView(one, graph));
      found = { base: value, views, scores: new Set([value, ...path.map(({ outputs }) => outputs[0]!)]) };
    } else if (!isView(node, graph) && !(node.op in orderKeeping)) break;
    node = producers.get(value);
  }
  return found;
}

/** Whether scores keep their order from the softmax or sigmoid that a path begins with to the output. */
function keepsOrder(graph: ScoredGraph, path: readonly GraphNode[]): boolean {
  const { known } = graph.probe;
  let interval: Interval | undefined;
  for (const node of path) {
    if (node.op in squashers) interval = squashers[node.op];
    else if (!isView(node, graph)) {
      const [input, output] = [dataOf(node, graph), node.outputs[0]!].map((name) => known.get(name)?.shape);
      if (interval === undefined || input?.join() !== output?.join()) return false;
      interval = orderKeeping[node.op]!(interval, node, graph);
      if (interval === undefined) return false;
    }
  }
  return interval !== undefined;
}

/** Operators that keep the elements' order in memory, whatever the shape. */
const isRowMajor = (op: string): boolean =>
  op in orderKeeping || op in squashers || ["Concat", "Flatten", "Reshape", "Squeeze", "Unsqueeze"].includes(op);

/** Whether the softmax that a path begins with is over all classes of the output; a sigmoid is over none. */
function isOverClasses(graph: ScoredGraph, [squasher, ...after]: readonly GraphNode[], output: string): boolean {
  if (squasher!.op === "Sigmoid") return true;
  const { known } = graph.probe;
  const shapeOf = (name: string): readonly number[] => known.get(name)!.shape;
  const given = shapeOf(squasher!.inputs[0]!);
  const axis = axisOf("axis", intAttribute(squasher!, "axis", -1), given.length);
  // Before opset 13 the classes are all axes from that one on, taken as one.
  const over = intAttribute(squasher!, "coerce", 0) === 0 ? 1 : given.length - axis;
  const classes = sizeOf(given.slice(axis, axis + over));
  let shape: readonly number[] = [...given.slice(0, axis), classes, ...given.slice(axis + over)];
  let place: AxisPlace | undefined = { axis, outer: 1, inner: 1 };
  for (const node of after) {
    if (isRowMajor(node.op)) continue;
    const data = dataOf(node, graph);
    const here = rowMajor(place!, shape, shapeOf(data), classes);
    if (here === undefined) return false;
    try {
      place = trackNode(node, (name) => (name === data ? here : undefined), known, classes);
    } catch (error) {
      if (error instanceof MixedError) return false;
      throw error;
    }
    shape = shapeOf(node.outputs[0]!);
  }
  const end = shapeOf(output);
  const there = place && rowMajor(place, shape, end, classes);
  return there !== undefined && there.axis === end.length - 1 && end[there.axis] === classes;
}

/**
 * Softmaxes and sigmoids between the last weights and a value, which are part of what it holds. A sigmoid that only scales
 * other data (a gate, as in x·σ(x)) is none.
 *
 * @param arrays  the nodes with weights.
 */
export function squashersBehind(graph: ScoredGraph, value: string, arrays: ReadonlySet<GraphNode>): GraphNode[] {
  const producers = producersOf(graph.nodes);
  const found = new Set<GraphNode>();
  const seen = new Set<string>();
  const open = [value];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = producers.get(name);
    if (seen.has(name) || node === undefined || arrays.has(node) || !graph.probe.places.has(name)) continue;
    seen.add(name);
    if (node.op in squashers) found.add(node);
    const isGated = node.op === "Mul" && node.inputs.every((input) => graph.probe.places.has(input));
    open.push(...node.inputs.filter((input) => !(isGated && producers.get(input)?.op === "Sigmoid")));
  }
  return graph.nodes.filter((node) => found.has(node));
}
