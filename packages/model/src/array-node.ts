import { sizeOf } from "@neft/tensor";
import { intAttribute } from "./attributes.js";
import type { GraphNode } from "./graph.js";
import type { Weight } from "./weights.js";

/** A node whose weight is a parameter, as it is or through views: the products a crossbar computes. */
export interface ArrayNode {
  readonly node: GraphNode;
  /** Name of the weight parameter. */
  readonly weight: string;
  /** View nodes between the parameter and the product, first to last; mostly none. */
  readonly views: readonly GraphNode[];
  /** How the weight stands at the product: "oi" [out, in], "io" [in, out], "conv" [out, in/group, …kernel]. */
  readonly layout: "oi" | "io" | "conv";
  /** Outputs of one product: bit lines. */
  readonly outputs: number;
  /** Inputs of one product: word lines; a convolution's are in/group times its kernel's size. */
  readonly inputs: number;
}

/**
 * Which input of a node is the weight on an array, or undefined where the node is no array node.
 *
 * Conv: input 1. Gemm and MatMul: a matrix as input 1, else one as input 0.
 */
export function arrayInput(node: GraphNode, weightOf: (name: string) => Weight | undefined): 0 | 1 | undefined {
  const rankOf = (input: number) => weightOf(node.inputs[input] ?? "")?.shape.length;
  if (node.op === "Conv") return rankOf(1) === undefined ? undefined : 1;
  if (node.op !== "MatMul" && node.op !== "Gemm") return undefined;
  if (rankOf(1) === 2) return 1;
  return rankOf(0) === 2 ? 0 : undefined;
}

/** Layout and size of an array node's weight. */
export function arrayNodeOf(node: GraphNode, weightOf: (name: string) => Weight | undefined): ArrayNode | undefined {
  const input = arrayInput(node, weightOf);
  if (input === undefined) return undefined;
  const { parameter: weight, shape, views } = weightOf(node.inputs[input]!)!;
  const rest = sizeOf(shape.slice(1));
  if (node.op === "Conv") return { node, weight, views, layout: "conv", outputs: shape[0]!, inputs: rest };
  const isTransposed = intAttribute(node, input === 0 ? "transA" : "transB", 0) !== 0;
  const byOutput = isTransposed === (input === 1);
  return byOutput
    ? { node, weight, views, layout: "oi", outputs: shape[0]!, inputs: shape[1]! }
    : { node, weight, views, layout: "io", outputs: shape[1]!, inputs: shape[0]! };
}
