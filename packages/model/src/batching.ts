import { inWords } from "@neft/options";
import { sizeOf } from "@neft/tensor";
import { trackNode } from "./axis-tracking.js";
import { nodeReadingBatchSize } from "./batch-size.js";
import type { GraphNode, ValueInfo } from "./graph.js";
import { describeNode } from "./graph.js";
import { type HostArray, int64Array, isHostArray, type KnownValue, toNumbers } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import { DataDependentError } from "./operators/operator.js";
import { type AxisPosition, MixedError } from "./operators/tracks.js";
import { inferNodes } from "./shapes.js";

/** The part of a graph that shape inference needs: nodes in running order, dtypes and shapes of fixed tensors. */
export interface ShapeGraph {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly fixed: ReadonlyMap<string, KnownValue>;
}

/** Shapes of a graph for `size` samples along axis 0 of its inputs, and the samples' positions. */
export interface BatchProbe {
  readonly size: number;
  /** Dtype and shape of every value, up to the first node that fails. */
  readonly known: ReadonlyMap<string, KnownValue>;
  /** Position of the samples in each value that holds them, or an error once they are mixed. */
  readonly positions: ReadonlyMap<string, AxisPosition | MixedError>;
  /** The error that ended shape inference, if any. */
  readonly shapeError: Error | undefined;
  /** The last node that took the samples off axis 0, unless a later one put them back. */
  readonly leavesRowsAt: GraphNode | undefined;
}

/**
 * Batch size at which shapes are tried. Not 1, because operators that look for axes of size 1 would match the batch
 * axis; a prime, because constants in files seldom equal it.
 */
export const probeBatch = 5;

/** Limit on the elements of all values of one sample: 1 GiB as f32. Networks for megapixel images stay below it. */
const maxSampleElements = 2 ** 28;

const start: AxisPosition = { axis: 0, outer: 1, inner: 1 };

/** Whether samples are the rows of a value: one after the other along axis 0. */
export function areRows(position: AxisPosition | MixedError | undefined): boolean {
  return (
    position !== undefined &&
    !(position instanceof MixedError) &&
    position.axis === 0 &&
    position.outer * position.inner === 1
  );
}

/**
 * Infers all shapes and follows the samples through the graph.
 *
 * @param size  Number of samples in every input whose axis 0 equals that of the first input. All other sizes must be
 *   numbers.
 */
export function probe({ inputs, nodes, fixed }: ShapeGraph, size: number): BatchProbe {
  const known = new Map(fixed);
  const positions = new Map<string, AxisPosition | MixedError>();
  const batch = inputs[0]?.shape[0];
  for (const { name, dtype, shape } of inputs) {
    const isBatched = shape.length > 0 && shape[0] === batch;
    known.set(name, { dtype, shape: (isBatched ? [size, ...shape.slice(1)] : shape) as number[] });
    if (isBatched) positions.set(name, start);
  }
  let leavesRowsAt: GraphNode | undefined;
  let total = 0;
  const probed = (shapeError: Error | undefined): BatchProbe => ({ size, known, positions, leavesRowsAt, shapeError });
  for (const node of nodes) {
    if (node.inputs.some((name) => name !== "" && !known.has(name))) continue;
    try {
      inferNodes([node], known);
    } catch (error) {
      if (error instanceof Error && error.cause instanceof DataDependentError) continue;
      return probed(error instanceof Error ? error : new Error(String(error)));
    }
    const found = positionsAfter(node, positions, known, size);
    // A tiny file with a chain of doublings can ask for gigabytes: stop before anything is allocated.
    for (const [i, name] of node.outputs.entries()) {
      if (name !== "") total += sizeOf(known.get(name)!.shape) / (found[i] === undefined ? 1 : Math.max(1, size));
    }
    if (total > maxSampleElements) {
      return probed(
        new Error(
          `${describeNode(node)}: expected at most ${maxSampleElements} elements in all values of one sample, got more`,
        ),
      );
    }
    for (const [i, name] of node.outputs.entries()) if (name !== "" && found[i]) positions.set(name, found[i]);
    const position = found.find((one) => one !== undefined);
    if (position === undefined) continue;
    if (areRows(position)) leavesRowsAt = undefined;
    else leavesRowsAt ??= node;
  }
  return probed(undefined);
}

/** Like `trackNode`, with an error as the result where samples are mixed, now or before. */
function positionsAfter(
  node: GraphNode,
  positions: ReadonlyMap<string, AxisPosition | MixedError>,
  known: ReadonlyMap<string, KnownValue>,
  size: number,
): (AxisPosition | MixedError | undefined)[] {
  const all = (position: MixedError | undefined) => node.outputs.map(() => position);
  if (operatorOf(node).track === null) return all(undefined);
  const given = node.inputs.map((name) => positions.get(name));
  const broken = given.find((position) => position instanceof MixedError);
  if (broken !== undefined) return all(broken);
  try {
    return trackNode(node, (name) => positions.get(name) as AxisPosition | undefined, known, size);
  } catch (error) {
    if (error instanceof MixedError) return all(error);
    throw error;
  }
}

/** Reason, naming the node, why `output` doesn't have one row per sample of the probe; undefined when it does. */
export function whyNotRows(
  { size, known, positions, shapeError, leavesRowsAt }: BatchProbe,
  output: string,
): string | undefined {
  const position = positions.get(output);
  if (position instanceof MixedError) return `${position.message} mixes the samples of a batch, or may do so`;
  if (known.has(output) && areRows(position)) return undefined;
  const left = leavesRowsAt && `${describeNode(leavesRowsAt)} moves the batch off axis 0 or merges it with other axes`;
  const end =
    shapeError?.message ?? `value ${inWords(output)} has shape [${known.get(output)?.shape.join(", ") ?? "unknown"}]`;
  return `with a batch of ${size}, ${left === undefined || end.startsWith(describeNode(leavesRowsAt!)) ? "" : `${left}, and `}${end}`;
}

/** A graph that accepts any batch size: its nodes, and the fixed tensors added for them. */
export interface FreedGraph {
  readonly nodes: readonly GraphNode[];
  readonly added: ReadonlyMap<string, HostArray>;
}

/**
 * Removes a fixed batch size from a graph.
 *
 * Reshape targets of such a file contain the batch size too. A leading entry equal to it becomes −1. The result is
 * then probed at a larger batch: every output must have one independent row per sample, and no node may compute with
 * the batch size.
 *
 * @returns the changed graph, or the reason, naming the node, why the batch can't be changed.
 */
export function freeBatch(graph: ShapeGraph, batch: number): FreedGraph | string {
  const fixed = probe(graph, batch);
  if (fixed.shapeError) return fixed.shapeError.message;
  const freed = retarget(graph, batch, fixed.known);
  const larger = probe(
    { ...graph, nodes: freed.nodes, fixed: new Map([...graph.fixed, ...freed.added]) },
    probeBatch * batch,
  );
  for (const output of graph.outputs) {
    const reason = whyNotRows(larger, output);
    if (reason !== undefined) return reason;
    const [small, large] = [fixed.known.get(output)!.shape, larger.known.get(output)!.shape];
    if (small[0] === batch && small.slice(1).join() === large.slice(1).join()) continue;
    const shapes = (name: string) => [fixed, larger].map(({ known }) => known.get(name)?.shape ?? []);
    const changing = graph.nodes.find(({ outputs: [name] }) => {
      const [before, after] = shapes(name!);
      return before!.length !== after!.length;
    });
    const where = changing ? `${describeNode(changing)} gives` : `value ${inWords(output)} has`;
    const [before, after] = shapes(changing?.outputs[0] ?? output);
    return `${where} shape [${before!.join(", ")}] with a batch of ${batch} and [${after!.join(", ")}] with one of ${larger.size}`;
  }
  const counting = nodeReadingBatchSize(freed.nodes, fixed.known, larger.known);
  return counting === undefined ? freed : `${counting} computes with the batch size`;
}

/** Replaces the leading batch entry of every constant target shape by −1. */
function retarget({ nodes, fixed }: ShapeGraph, batch: number, known: ReadonlyMap<string, KnownValue>): FreedGraph {
  const added = new Map<string, HostArray>();
  const changed = nodes.map((node) => {
    const at = operatorOf(node).traits.target;
    const target = at === undefined ? undefined : fixed.get(node.inputs[at]!);
    if (target === undefined || !isHostArray(target) || toNumbers(target)[0] !== batch) return node;
    const shape = known.get(node.outputs[0]!)?.shape;
    const name = `${node.name}.shape`;
    if (shape === undefined || shape.includes(0) || known.has(name)) return node;
    added.set(name, int64Array([-1, ...shape.slice(1)]));
    return { ...node, inputs: node.inputs.map((own, i) => (i === at ? name : own)) };
  });
  return { nodes: changed, added };
}
