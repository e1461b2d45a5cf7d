import { sizeOf } from "@neft/tensor";
import { intAttribute } from "./attributes.js";
import type { GraphNode } from "./graph.js";
import type { Weight } from "./weights.js";

/** A product that a crossbar computes: a node whose weight is a parameter, read directly or through views. */
export interface ArrayNode {
  readonly node: GraphNode;
  /** Name of the weight parameter. */
  readonly weight: string;
  /** View nodes between the parameter and the product, first to last. Usually none. */
  readonly views: readonly GraphNode[];
  /** Axes of the weight at the product: "oi" [out, in], "io" [in, out], "conv" [out, in/group, …kernel]. */
  readonly layout: "oi" | "io" | "conv";
  /** Number of outputs of one product: bit lines. */
  readonly outputs: number;
  /** Number of inputs of one product: word lines. For a convolution, in/group times the kernel's size. */
  readonly inputs: number;
}

/**
 * Index of the input that is the weight on a crossbar; undefined when the node is not an array node.
 *
 * Conv: input 1. Gemm and MatMul: input 1 if it is a matrix, else input 0 if that is one.
 *
 * @param weightOf  Finds the parameter behind a value name.
 */
export function arrayInput(node: GraphNode, weightOf: (name: string) => Weight | undefined): 0 | 1 | undefined {
  const rankOf = (input: number) => weightOf(node.inputs[input] ?? "")?.shape.length;
  if (node.op === "Conv") return rankOf(1) === undefined ? undefined : 1;
  if (node.op !== "MatMul" && node.op !== "Gemm") return undefined;
  if (rankOf(1) === 2) return 1;
  return rankOf(0) === 2 ? 0 : undefined;
}

/** Describes the weight of an array node: its name, views, layout and size. Returns undefined for any other node. */
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
