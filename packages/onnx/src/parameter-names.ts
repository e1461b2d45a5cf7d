import type { GraphNode, Weights } from "@neft/model";
import { arrayNodesOf, operatorOf, producersOf, subgraphsOf, weightsOf, weightUses } from "@neft/model";
import type { Draft } from "./draft.js";

/**
 * Names of the fixed tensors that are parameters, by how nodes use them, directly or through views: the inputs that
 * an operator's row lists, such as weights, biases and the vectors of batch normalisation, tables of embeddings on
 * crossbars, and tensors that an Add adds to an array node's output, one number per output channel.
 *
 * Other float tensors, such as means and scales of inputs, bounds or padding, are constants.
 */
export function parameterNames(draft: Draft): Set<string> {
  const names = new Set<string>();
  const floatsOf = (name: string) => {
    const array = draft.tensors.get(name)?.array;
    return array?.dtype === "f32" && array.shape.length > 0 ? array.shape : undefined;
  };
  const constantOf = (name: string) => draft.tensors.get(name)?.array;
  const floats = weightsOf(draft.nodes, floatsOf, constantOf);
  const take = (node: GraphNode, seen: Weights) => {
    for (const input of operatorOf(node).traits.parameters ?? []) {
      const weight = seen.weightOf(node.inputs[input] ?? "");
      if (weight !== undefined && weight.shape.length > 0) names.add(weight.parameter);
    }
    for (const { input } of weightUses(node, seen)) names.add(seen.weightOf(node.inputs[input]!)!.parameter);
    for (const graph of subgraphsOf(node)) for (const inner of graph.nodes) take(inner, seen.within(node, graph));
  };
  for (const node of draft.nodes) take(node, floats);
  const parameters = weightsOf(draft.nodes, (name) => (names.has(name) ? floatsOf(name) : undefined), constantOf);
  const producers = producersOf(draft.nodes);
  for (const node of draft.nodes) {
    if (!operatorOf(node).traits.adds) continue;
    for (const [bias, sum] of [
      [0, 1],
      [1, 0],
    ] as const) {
      const weight = floats.weightOf(node.inputs[bias]!);
      const producer = producers.get(node.inputs[sum]!);
      if (weight !== undefined && isBias(weight.shape, producer, parameters)) names.add(weight.parameter);
    }
  }
  return names;
}

/** Whether a shape has one number per output of the array node `producer`, along its output axis. */
function isBias(bias: readonly number[], producer: GraphNode | undefined, parameters: Weights): boolean {
  const [array] = producer ? arrayNodesOf(producer, parameters) : [];
  if (producer === undefined || array === undefined) return false;
  const shape = [...bias];
  if (array.layout === "conv") {
    const spatial = parameters.weightOf(producer.inputs[array.input]!)!.shape.length - 2;
    if (shape.splice(-spatial).some((n) => n !== 1)) return false;
  }
  return shape.pop() === array.outputs && shape.every((n) => n === 1);
}
