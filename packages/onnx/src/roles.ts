import type { GraphNode } from "@neft/model";
import { arrayNodeOf, producersOf } from "@neft/model";
import type { Draft } from "./draft.js";

/**
 * Which fixed tensors of a draft are parameters, by how nodes use them: weights and biases of Conv, operands of Gemm and MatMul,
 * the four vectors of batch normalisation, and what an Add puts on the outputs of an array node, one number for each. Other
 * float tensors (means and scales of inputs, bounds, paddings) are constants: they are no one's to train.
 */
export function parameterNames(draft: Draft): Set<string> {
  const names = new Set<string>();
  const isFloat = (name: string | undefined): name is string =>
    name !== undefined && draft.tensors.get(name)?.array.dtype === "f32";
  const take = (node: GraphNode, inputs: readonly number[]) => {
    for (const input of inputs) {
      const name = node.inputs[input];
      if (isFloat(name) && draft.tensors.get(name)!.array.shape.length > 0) names.add(name);
    }
  };
  for (const node of draft.nodes) {
    if (node.op === "Conv") take(node, [1, 2]);
    else if (node.op === "Gemm") take(node, [0, 1, 2]);
    else if (node.op === "MatMul") take(node, [0, 1]);
    else if (node.op === "BatchNormalization") take(node, [1, 2, 3, 4]);
  }
  const producers = producersOf(draft.nodes);
  for (const node of draft.nodes) {
    if (node.op !== "Add") continue;
    for (const [bias, sum] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const name = node.inputs[bias];
      if (isFloat(name) && isBias(draft, names, name, producers.get(node.inputs[sum]!))) names.add(name);
    }
  }
  return names;
}

/** Whether a tensor has one number for each output of an array node, along the axis of its outputs. */
function isBias(draft: Draft, parameters: ReadonlySet<string>, name: string, producer: GraphNode | undefined): boolean {
  const shapeOf = (one: string) => (parameters.has(one) ? draft.tensors.get(one)?.array.shape : undefined);
  const array = producer && arrayNodeOf(producer, shapeOf);
  if (array === undefined) return false;
  const shape = [...draft.tensors.get(name)!.array.shape];
  if (array.layout === "conv") {
    const spatial = shapeOf(array.weight)!.length - 2;
    if (shape.splice(-spatial).some((n) => n !== 1)) return false;
  }
  return shape.pop() === array.outputs && shape.every((n) => n === 1);
}
