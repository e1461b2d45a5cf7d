import type { GraphNode } from "@neft/model";
import { describeNode, evaluateConstants, operatorOf, producersOf } from "@neft/model";
import type { Draft, DraftTensor } from "./draft.js";

/**
 * Gives every batch normalisation running vectors that nothing else reads. Exporters merge equal tensors, so in a
 * barely trained network a running mean may be the same tensor as a bias or another layer's mean, and training would
 * change both.
 */
export function unshareRunningStatistics(draft: Draft): void {
  const reads = new Map<string, number>();
  for (const name of [...draft.nodes.flatMap(({ inputs }) => inputs), ...draft.outputs.map((output) => output.name)]) {
    reads.set(name, (reads.get(name) ?? 0) + 1);
  }
  const producers = producersOf(draft.nodes);
  const taken = new Set([...draft.names, ...draft.tensors.keys()]);
  draft.nodes = draft.nodes.map((node) => {
    const { running } = operatorOf(node).traits;
    if (running === undefined) return node;
    const inputs = node.inputs.map((name, input) => {
      const role = input === running.mean ? "running_mean" : input === running.variance ? "running_var" : undefined;
      const tensor = role === undefined ? undefined : fixedValue(draft, producers, name);
      if (tensor === undefined || (draft.tensors.has(name) && reads.get(name)! < 2)) return name;
      reads.set(name, reads.get(name)! - 1);
      draft.budget.spend(tensor.array.data.length, describeNode(node));
      let own = `${node.name}.${role}`;
      while (taken.has(own)) own += "_";
      taken.add(own);
      draft.tensors.set(own, { ...tensor, storage: undefined, order: undefined });
      return own;
    });
    return { ...node, inputs };
  });
}

/** A fixed tensor, or the result of views that stayed nodes; undefined for any other value. */
function fixedValue(draft: Draft, producers: ReadonlyMap<string, GraphNode>, name: string): DraftTensor | undefined {
  const chain: GraphNode[] = [];
  let at = name;
  while (!draft.tensors.has(at)) {
    const node = producers.get(at);
    if (node === undefined || !operatorOf(node).traits.view) return undefined;
    chain.push(node);
    at = node.inputs[0]!;
  }
  let tensor = draft.tensors.get(at)!;
  for (const node of chain.reverse()) {
    const rest = node.inputs.slice(1).map((input) => draft.tensors.get(input)?.array);
    const [array] = evaluateConstants(node, [tensor.array, ...rest]);
    tensor = { ...tensor, array: array!, type: draft.types.get(node.outputs[0]!) ?? tensor.type };
  }
  return tensor;
}
