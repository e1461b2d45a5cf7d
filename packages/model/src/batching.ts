import { inWords } from "@neft/options";
import { sizeOf } from "@neft/tensor";
import { type AxisPlace, MixedError, trackNode } from "./axis-tracking.js";
import type { GraphNode, ValueInfo } from "./graph.js";
import { describeNode } from "./graph.js";
import { type HostArray, int64Array, toNumbers } from "./host-array.js";
import { DataDependentError, isHostArray, type KnownValue } from "./operators/operator.js";
import { inferNodes } from "./shapes.js";

/** A graph as far as shapes need it: nodes in order, and what is known of its fixed tensors. */
export interface ShapeGraph {
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly string[];
  readonly nodes: readonly GraphNode[];
  readonly fixed: ReadonlyMap<string, KnownValue>;
}

/** What a graph makes of `size` samples along axis 0 of its inputs. */
export interface BatchProbe {
  readonly size: number;
  /** Dtype and shape of every value, as far as the nodes' inputs fit. */
  readonly known: ReadonlyMap<string, KnownValue>;
  /** Where the samples are in a value; undefined where there are none, an error where they are no longer separate. */
  readonly places: ReadonlyMap<string, AxisPlace | MixedError>;
  /** Why shapes end before the outputs do. */
  readonly misfit: Error | undefined;
  /** The last node after which samples are no longer rows of any value. */
  readonly leaves: GraphNode | undefined;
}

/**
 * A batch that shapes are tried at. At 1 every operator that looks for sizes of 1 would find the batch; few files have this
 * prime in a constant.
 */
export const probeBatch = 5;

/** Elements that all values of one sample have at most: 1 GiB of them. Networks for images of a megapixel stay below. */
const mostValues = 2 ** 28;

const start: AxisPlace = { axis: 0, outer: 1, inner: 1 };

/** Whether samples are rows: one behind the other along axis 0. */
export function areRows(place: AxisPlace | MixedError | undefined): boolean {
  return place !== undefined && !(place instanceof MixedError) && place.axis === 0 && place.outer * place.inner === 1;
}

/** Infers all shapes with `size` samples in the inputs that have the first one's batch, and follows these; all other sizes must be numbers. */
export function probe({ inputs, nodes, fixed }: ShapeGraph, size: number): BatchProbe {
  const known = new Map(fixed);
  const places = new Map<string, AxisPlace | MixedError>();
  const batch = inputs[0]?.shape[0];
  for (const { name, dtype, shape } of inputs) {
    const isBatched = shape.length > 0 && shape[0] === batch;
    known.set(name, { dtype, shape: (isBatched ? [size, ...shape.slice(1)] : shape) as number[] });
    if (isBatched) places.set(name, start);
  }
  let leaves: GraphNode | undefined;
  let total = 0;
  const probed = (misfit: Error | undefined): BatchProbe => ({ size, known, places, leaves, misfit });
  for (const node of nodes) {
    if (node.inputs.some((name) => name !== "" && !known.has(name))) continue;
    try {
      inferNodes([node], known);
    } catch (error) {
      if (error instanceof Error && error.cause instanceof DataDependentError) continue;
      return probed(error instanceof Error ? error : new Error(String(error)));
    }
    const place = placeAfter(node, places, known, size);
    // A chain of doublings asks for gigabytes in a file of a few bytes: no machine has to try.
    for (const name of node.outputs) {
      total += sizeOf(known.get(name)!.shape) / (place === undefined ? 1 : Math.max(1, size));
    }
    if (total > mostValues) {
      return probed(
        new Error(
          `${describeNode(node)}: expected values of at most ${mostValues} elements for a sample in all, got more`,
        ),
      );
    }
    if (place === undefined) continue;
    places.set(node.outputs[0]!, place);
    if (areRows(place)) leaves = undefined;
    else leaves ??= node;
  }
  return probed(undefined);
}

function placeAfter(
  node: GraphNode,
  places: ReadonlyMap<string, AxisPlace | MixedError>,
  known: ReadonlyMap<string, KnownValue>,
  size: number,
): AxisPlace | MixedError | undefined {
  if (node.op === "Shape") return undefined;
  const given = node.inputs.map((name) => places.get(name));
  const broken = given.find((place) => place instanceof MixedError);
  if (broken !== undefined) return broken;
  try {
    return trackNode(node, (name) => places.get(name) as AxisPlace | undefined, known, size);
  } catch (error) {
    if (error instanceof MixedError) return error;
    throw error;
  }
}

/** Why a graph doesn't give `output` one row for each of a probe's samples, naming the node; undefined where it does. */
export function whyNotRows({ size, known, places, misfit, leaves }: BatchProbe, output: string): string | undefined {
  const place = places.get(output);
  if (place instanceof MixedError) return `${place.message} mixes the samples of a batch, or may do so`;
  if (known.has(output) && areRows(place)) return undefined;
  const left = leaves && `${describeNode(leaves)} takes the batch from axis 0, or joins it with others`;
  const end =
    misfit?.message ?? `value ${inWords(output)} has shape [${known.get(output)?.shape.join(", ") ?? "unknown"}]`;
  return `with a batch of ${size}, ${left === undefined || end.startsWith(describeNode(leaves!)) ? "" : `${left}, and `}${end}`;
}

/** A graph that takes any batch: its nodes, and the fixed tensors added for them. */
export interface FreedGraph {
  readonly nodes: readonly GraphNode[];
  readonly added: ReadonlyMap<string, HostArray>;
}

/**
 * Frees a graph from the batch that its file fixes.
 *
 * Such a file has the batch in the constants of its Reshapes too. Each such target is resolved and its leading entry, where it is
 * the batch, replaced by −1, which is the batch at any size. At a larger batch every output must then be as many
 * independent rows.
 *
 * @returns the reason, naming the node, where that isn't so.
 */
export function freeBatch(graph: ShapeGraph, batch: number): FreedGraph | string {
  const fixed = probe(graph, batch);
  if (fixed.misfit) return fixed.misfit.message;
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
  return freed;
}

/** The nodes with the leading batch entry of every constant Reshape target replaced. */
function retarget({ nodes, fixed }: ShapeGraph, batch: number, known: ReadonlyMap<string, KnownValue>): FreedGraph {
  const added = new Map<string, HostArray>();
  const changed = nodes.map((node) => {
    const target = node.op === "Reshape" ? fixed.get(node.inputs[1]!) : undefined;
    if (target === undefined || !isHostArray(target) || toNumbers(target)[0] !== batch) return node;
    const shape = known.get(node.outputs[0]!)?.shape;
    const name = `${node.name}.shape`;
    if (shape === undefined || shape.includes(0) || known.has(name)) return node;
    added.set(name, int64Array([-1, ...shape.slice(1)]));
    return { ...node, inputs: [node.inputs[0]!, name] };
  });
  return { nodes: changed, added };
}
