import type { GraphNode } from "@neft/model";
import { sizeOf } from "@neft/tensor";

/** Floating-point operations of a product. */
export interface Flops {
  readonly forward: number;
  /** Of the gradients that a training step computes. */
  readonly backward: number;
}

type Shapes = ReadonlyMap<string, readonly number[]>;

/** Multiply-adds of the operators that are products, as of direct convolution. */
const multiplyAdds: Readonly<Record<string, (node: GraphNode, shapes: Shapes) => number>> = {
  Conv: ({ inputs, outputs }, shapes) => sizeOf(shapes.get(outputs[0]!)!) * sizeOf(shapes.get(inputs[1]!)!.slice(1)),
  Gemm: ({ inputs, outputs, attributes }, shapes) =>
    sizeOf(shapes.get(outputs[0]!)!) * shapes.get(inputs[0]!)![attributes.transA === 1 ? 0 : 1]!,
  MatMul: ({ inputs, outputs }, shapes) => sizeOf(shapes.get(outputs[0]!)!) * shapes.get(inputs[0]!)!.at(-1)!,
};

/**
 * Counts the operations of every product of a graph: two per multiply-add. Nodes of other operators have no entry.
 *
 * @param shapes  Shapes of all values, with the batch.
 * @param trained  Names of the parameters whose gradients are computed.
 */
export function countFlops(
  nodes: readonly GraphNode[],
  shapes: Shapes,
  trained: readonly string[],
): Map<string, Flops> {
  const differentiated = new Set(trained);
  const counts = new Map<string, Flops>();
  for (const node of nodes) {
    if (node.inputs.some((name) => differentiated.has(name))) for (const name of node.outputs) differentiated.add(name);
    const forward = 2 * (multiplyAdds[node.op]?.(node, shapes) ?? 0);
    // One product for each operand that needs a gradient; the samples don't.
    const products = node.inputs.slice(0, 2).filter((name) => differentiated.has(name)).length;
    if (forward > 0) counts.set(node.name, { forward, backward: products * forward });
  }
  return counts;
}
