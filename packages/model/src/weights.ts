import type { GraphNode } from "./graph.js";
import type { KnownValue } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import type { Weight } from "./operators/operator.js";
import { inferNodes } from "./shapes.js";

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
    if (operatorOf(node).traits.view !== true) continue;
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
