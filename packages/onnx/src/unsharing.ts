import type { Draft } from "./draft.js";
import { countReaders } from "./draft.js";

/** What the running vectors of a batch normalisation are called, by input. */
const runningRoles: Readonly<Record<number, string>> = { 3: "running_mean", 4: "running_var" };

/**
 * Gives every batch normalisation running vectors that nothing else reads. Exporters store equal tensors once, and in a network
 * that was little trained a running mean may equal a bias, or another layer's: training would move both.
 */
export function unshareRunningStatistics(draft: Draft): void {
  const readers = countReaders(draft);
  const taken = new Set([...readers.keys(), ...draft.tensors.keys(), ...draft.nodes.flatMap((node) => node.outputs)]);
  draft.nodes = draft.nodes.map((node) => {
    if (node.op !== "BatchNormalization") return node;
    const inputs = node.inputs.map((name, input) => {
      const tensor = draft.tensors.get(name);
      const role = runningRoles[input];
      if (role === undefined || tensor === undefined || readers.get(name)! < 2) return name;
      readers.set(name, readers.get(name)! - 1);
      let own = `${node.name}.${role}`;
      while (taken.has(own)) own += "_";
      taken.add(own);
      const { array, type } = tensor;
      const reader = { output: node.outputs[0]!, input };
      draft.tensors.set(own, { array, type, place: undefined, order: undefined, reader });
      return own;
    });
    return { ...node, inputs };
  });
}
