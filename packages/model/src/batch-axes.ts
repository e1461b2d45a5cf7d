import type { BatchProbe, ShapeGraph } from "./batching.js";
import type { GraphNode } from "./graph.js";
import { MixedError } from "./operators/tracks.js";

/** Returns a function that makes names which a graph doesn't have. */
export function freshNames(taken: Iterable<string>): (wanted: string) => string {
  const all = new Set(taken);
  return (wanted) => {
    let name = wanted;
    while (all.has(name)) name += "_";
    all.add(name);
    return name;
  };
}

const transpose = (input: string, output: string, perm: readonly number[]): GraphNode => ({
  name: output,
  op: "Transpose",
  inputs: [input],
  outputs: [output],
  attributes: { perm },
});

/** Axis numbers of a value, without one. */
const others = (rank: number, axis: number): number[] =>
  Array.from({ length: rank }, (_, i) => i).filter((i) => i !== axis);

/**
 * Moves the samples of inputs, which are on axis 0, to the axes where a graph's nodes expect them.
 *
 * @param axes  Rank and axis of the samples, by input.
 */
export function samplesToAxes(
  nodes: readonly GraphNode[],
  axes: ReadonlyMap<string, { readonly rank: number; readonly axis: number }>,
  fresh: (wanted: string) => string,
): GraphNode[] {
  const moved = new Map([...axes].filter(([, { axis }]) => axis > 0).map(([name]) => [name, fresh(`${name}.moved`)]));
  const moves = [...moved].map(([name, output]) => {
    const { rank, axis } = axes.get(name)!;
    const perm = others(rank, 0);
    perm.splice(axis, 0, 0);
    return transpose(name, output, perm);
  });
  const isReader = ({ inputs }: GraphNode): boolean => inputs.some((name) => moved.has(name));
  const read = (node: GraphNode): GraphNode =>
    isReader(node) ? { ...node, inputs: node.inputs.map((name) => moved.get(name) ?? name) } : node;
  return [...moves, ...nodes.map(read)];
}

/** Adds values with the samples on axis 0 for outputs that have them on another axis, and makes them the outputs. */
export function samplesToRows(
  graph: ShapeGraph,
  { positions, known }: BatchProbe,
  fresh: (wanted: string) => string,
): ShapeGraph {
  const moves: GraphNode[] = [];
  const outputs = graph.outputs.map((name) => {
    const position = positions.get(name);
    if (position === undefined || position instanceof MixedError) return name;
    const { axis, outer, inner } = position;
    if (axis === 0 || outer * inner !== 1) return name;
    const output = fresh(`${name}.rows`);
    moves.push(transpose(name, output, [axis, ...others(known.get(name)!.shape.length, axis)]));
    return output;
  });
  return { ...graph, nodes: [...graph.nodes, ...moves], outputs };
}
