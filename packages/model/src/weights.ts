import type { GraphNode } from "./graph.js";
import type { KnownValue } from "./operators/operator.js";
import { inferNodes } from "./shapes.js";

/** Operators whose output has the elements of their first input, arranged otherwise or not. */
export const viewOperators: ReadonlySet<string> = new Set([
  "Cast",
  "Flatten",
  "Identity",
  "Reshape",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/** A parameter as a node reads it: as it is, or through views. */
export interface Weight {
  readonly parameter: string;
  /** Shape at the node's input. */
  readonly shape: readonly number[];
  /** View nodes from the parameter to the node's input, in this order; none where the node reads the parameter itself. */
  readonly views: readonly GraphNode[];
}

/** Longer chains of views don't count as a parameter: each of its products would run all of them. */
const mostViews = 16;

/**
 * Finds the parameter behind a value name: a parameter itself, or views of one whose other inputs are constants.
 *
 * @param nodes  In an order in which they can run.
 * @throws {Error} naming a view that does not fit its parameter.
 */
export function weightsOf(
  nodes: readonly GraphNode[],
  shapeOf: (parameter: string) => readonly number[] | undefined,
  constantOf: (name: string) => KnownValue | undefined,
): (name: string) => Weight | undefined {
  const viewed = new Map<string, Weight>();
  const find = (name: string): Weight | undefined => {
    const shape = shapeOf(name);
    return shape === undefined ? viewed.get(name) : { parameter: name, shape, views: [] };
  };
  for (const node of nodes) {
    if (!viewOperators.has(node.op)) continue;
    const [first = "", ...rest] = node.inputs;
    const base = find(first);
    if (base === undefined || base.views.length >= mostViews) continue;
    const known = new Map<string, KnownValue>([[first, { dtype: "f32", shape: base.shape }]]);
    for (const name of rest) {
      const value = name === "" ? undefined : constantOf(name);
      if (value !== undefined) known.set(name, value);
    }
    const result = inferNodes([node], known, { skipUnknown: true }).get(node.outputs[0]!);
    if (result?.dtype !== "f32") continue;
    viewed.set(node.outputs[0]!, { ...base, shape: result.shape, views: [...base.views, node] });
  }
  return find;
}
