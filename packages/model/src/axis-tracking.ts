import { describeNode, type GraphNode } from "./graph.js";
import type { KnownValue } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import { valuesOf } from "./operators/operator.js";
import { type AxisPosition, MixedError } from "./operators/tracks.js";
import { addLocation } from "./shapes.js";

/**
 * Position of the items in each of a node's outputs; undefined for outputs that hold none.
 *
 * @param known  Shapes of all values, with `size` items along their axis.
 * @throws {MixedError} with the node as its message, when it mixes items.
 * @throws {Error} naming the node whose inputs don't fit.
 */
export function trackNode(
  node: GraphNode,
  positionOf: (name: string) => AxisPosition | undefined,
  known: ReadonlyMap<string, KnownValue>,
  size: number,
): (AxisPosition | undefined)[] {
  const row = operatorOf(node);
  const none = node.outputs.map(() => undefined);
  const positions = node.inputs.map(positionOf);
  const output = known.get(node.outputs.find((name) => name !== "")!);
  if (output === undefined || positions.every((position) => position === undefined) || row.track === null) return none;
  const inputs = node.inputs.map((name) => (name === "" ? undefined : known.get(name)));
  try {
    const found = row.track({ attributes: valuesOf(row, node), positions, inputs, output, size });
    return none.map((_, i) => (Array.isArray(found) ? found[i] : (found as AxisPosition)));
  } catch (error) {
    if (error instanceof MixedError) throw new MixedError(describeNode(node));
    throw addLocation(error, describeNode(node));
  }
}
