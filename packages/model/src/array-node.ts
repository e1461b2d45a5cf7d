import { sizeOf } from "@neft/tensor";
import { intAttribute } from "./attributes.js";
import type { GraphNode } from "./graph.js";

/** A node whose weight is a parameter: the products a crossbar computes. */
export interface ArrayNode {
  readonly node: GraphNode;
  /** Name of the weight parameter. */
  readonly weight: string;
  /** How the weight is stored: "oi" [out, in], "io" [in, out], "conv" [out, in/group, …kernel]. */
  readonly layout: "oi" | "io" | "conv";
  /** Outputs of one product: bit lines. */
  readonly outputs: number;
  /** Inputs of one product: word lines; a convolution's are in/group times its kernel's size. */
  readonly inputs: number;
}

/**
 * Which input of a node is the weight on an array, or undefined where the node is no array node.
 *
 * Conv: input 1. Gemm and MatMul: a matrix parameter as input 1, else one as input 0.
 */
export function arrayInput(
  node: GraphNode,
  isParameter: (name: string) => boolean,
  rankOf: (input: number) => number,
): 0 | 1 | undefined {
  const isWeight = (input: number) => {
    const name = node.inputs[input];
    return name !== undefined && name !== "" && isParameter(name);
  };
  if (node.op === "Conv") return isWeight(1) ? 1 : undefined;
  if (node.op !== "MatMul" && node.op !== "Gemm") return undefined;
  if (isWeight(1) && rankOf(1) === 2) return 1;
  return isWeight(0) && rankOf(0) === 2 ? 0 : undefined;
}

/** Layout and size of an array node's weight. */
export function arrayNodeOf(
  node: GraphNode,
  shapeOf: (name: string) => readonly number[] | undefined,
): ArrayNode | undefined {
  const input = arrayInput(
    node,
    (name) => shapeOf(name) !== undefined,
    (i) => shapeOf(node.inputs[i]!)?.length ?? 0,
  );
  if (input === undefined) return undefined;
  const weight = node.inputs[input]!;
  const shape = shapeOf(weight)!;
  const rest = sizeOf(shape.slice(1));
  if (node.op === "Conv") return { node, weight, layout: "conv", outputs: shape[0]!, inputs: rest };
  const isTransposed = intAttribute(node, input === 0 ? "transA" : "transB", 0) !== 0;
  const byOutput = isTransposed === (input === 1);
  return byOutput
    ? { node, weight, layout: "oi", outputs: shape[0]!, inputs: shape[1]! }
    : { node, weight, layout: "io", outputs: shape[1]!, inputs: shape[0]! };
}
