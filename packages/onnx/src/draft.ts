import type { GraphNode, HostArray, ValueInfo } from "@neft/model";
import type { Budget } from "./budget.js";
import type { NamedStorage } from "./stored-tensor.js";

/** A graph during import: nodes have the model's operators, tensors are not yet in WebAssembly memory. */
export interface Draft {
  name: string;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** Nodes that the outputs depend on. Inputs and the first output are at the same positions as in the file's node. */
  nodes: GraphNode[];
  /** Fixed tensors by value name. */
  readonly tensors: Map<string, DraftTensor>;
  /** Every value name of the file, used or not. */
  readonly names: ReadonlySet<string>;
  /** Names in a body of tensors that were moved out of it, by their names here. */
  readonly locals: ReadonlyMap<string, string>;
  /** TensorProto.DataType in the file. */
  readonly types: ReadonlyMap<string, number>;
  /** Bounds the arithmetic on constants. */
  readonly budget: Budget;
}

/** A fixed tensor of a draft. */
export interface DraftTensor {
  readonly array: HostArray;
  /** TensorProto.DataType the file has it in. */
  readonly type: number;
  /** Bytes that hold its elements and no other tensor's; undefined when there are none. */
  readonly storage: NamedStorage | undefined;
  /** Element i of the array is element order[i] of the storage; undefined for the same order. */
  readonly order: Int32Array | undefined;
}

/** Removes nodes and tensors that the outputs don't depend on. */
export function dropUnread(draft: Draft): void {
  const read = new Set(draft.outputs.map(({ name }) => name));
  const isRead = ({ inputs, outputs }: GraphNode): boolean => {
    if (!outputs.some((name) => read.has(name))) return false;
    for (const name of inputs) read.add(name);
    return true;
  };
  draft.nodes = [...draft.nodes].reverse().filter(isRead).reverse();
  for (const name of [...draft.tensors.keys()]) if (!read.has(name)) draft.tensors.delete(name);
}

/** Number of nodes that read each value. An output of the graph counts as a reader. */
export function countReaders(draft: Draft): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const node of draft.nodes) new Set(node.inputs).forEach(count);
  for (const { name } of draft.outputs) count(name);
  return counts;
}
