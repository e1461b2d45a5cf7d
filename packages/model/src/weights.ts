import type { GraphNode } from "./graph.js";
import type { KnownValue } from "./operators/operator.js";
import { inferNodes } from "./shapes.js";

/** Operators that rearrange the elements of their first input and change none. */
export const viewOperators: ReadonlySet<string> = new Set([
  "Cast",
  "Flatten",
  "Identity",
  "Reshape",
  "Squeeze",
  "Transpose",
  "Unsqueeze",
]);

/** A parameter that a node reads, directly or through views. */
export interface Weight {
  readonly parameter: string;
  /** Shape at the node's input. */
  readonly shape: readonly number[];
  /** View nodes from the parameter to the node's input, in order. Empty when the node reads the parameter directly. */
  readonly views: readonly GraphNode[];
}

/** Limit on a chain of views, because each product evaluates all of them. Longer chains are not followed. */
const maxViews = 16;

/**
 * Returns a function that finds the parameter behind a value name: the parameter itself, or views of it with constant
 * other inputs.
 *
 * @param nodes  Topologically sorted.
 * @throws {Error} naming a view that doesn't fit its parameter.
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
    if (base === undefined || base.views.length >= maxViews) continue;
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
