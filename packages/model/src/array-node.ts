import { type GraphNode, subgraphsOf } from "./graph.js";
import { operatorOf } from "./known-operators.js";
import { valuesOf } from "./operators/operator.js";
import type { WeightUse } from "./operators/traits.js";
import type { Weights } from "./weights.js";

/** A product that a crossbar computes: a node whose weight is a parameter, read directly or through views. */
export interface ArrayNode extends Omit<WeightUse, "input" | "inputs"> {
  readonly node: GraphNode;
  /** Index of the node's input that is the weight. */
  readonly input: number;
  /** Name of the weight parameter. */
  readonly weight: string;
  /** View nodes between the parameter and the product, first to last. Usually none. */
  readonly views: readonly GraphNode[];
  /** Number of inputs of one product: word lines. For a convolution, in/group times the kernel's size. */
  readonly inputs: number;
}

/** The weights of a node that crossbars hold; none for most nodes. */
export function weightUses(node: GraphNode, { weightOf }: Pick<Weights, "weightOf">): readonly WeightUse[] {
  const row = operatorOf(node);
  const { products } = row.traits;
  if (products === undefined) return [];
  return products.uses((input) => weightOf(node.inputs[input] ?? "")?.shape, valuesOf(row, node));
}

/** Describes the weights of a node, and of nodes in its graphs, that crossbars hold: names, views, layouts and sizes. */
export function arrayNodesOf(node: GraphNode, weights: Weights): ArrayNode[] {
  const own = weightUses(node, weights).map((use): ArrayNode => {
    const { parameter: weight, views } = weights.weightOf(node.inputs[use.input]!)!;
    return { node, weight, views, ...use };
  });
  const inner = subgraphsOf(node).flatMap((graph) => {
    const inside = weights.within(node, graph);
    return graph.nodes.flatMap((one) => arrayNodesOf(one, inside));
  });
  return [...own, ...inner];
}
