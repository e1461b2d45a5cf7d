import type { GraphNode, HostArray, ValueInfo } from "@neft/model";
import type { Budget } from "./budget.js";
import type { NamedPlace } from "./stored-tensor.js";

/** A graph on its way from a file to a model: nodes have the model's operators, tensors are not in WebAssembly yet. */
export interface Draft {
  name: string;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  /** Those that the outputs need. Inputs and first outputs stand where the file's node has them. */
  nodes: GraphNode[];
  /** Fixed tensors by value name. */
  readonly tensors: Map<string, DraftTensor>;
  /** Every value name of the file, used or not. */
  readonly names: ReadonlySet<string>;
  /** TensorProto.DataType of values whose type isn't that of their node's first input: outputs of Cast and ConstantOfShape. */
  readonly types: ReadonlyMap<string, number>;
  readonly budget: Budget;
}

export interface DraftTensor {
  readonly array: HostArray;
  /** TensorProto.DataType the file has it in. */
  readonly type: number;
  /** Bytes that hold its elements and nothing else's, where there are such. */
  readonly place: NamedPlace | undefined;
  /** Element i of the array is element order[i] of the place; the same order when undefined. */
  readonly order: Int32Array | undefined;
}

/** Leaves out nodes and tensors that the outputs don't need. */
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

/** How many nodes read each value; being an output counts as one more. */
export function countReaders(draft: Draft): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const node of draft.nodes) new Set(node.inputs).forEach(count);
  for (const { name } of draft.outputs) count(name);
  return counts;
}
