import type { GraphNode, HostArray, ValueInfo } from "@neft/model";
import type { StoredPlace } from "./stored-tensor.js";

/** A graph on its way from a file to a model: nodes have the model's operators, tensors are not in WebAssembly yet. */
export interface Draft {
  name: string;
  inputs: ValueInfo[];
  outputs: ValueInfo[];
  nodes: GraphNode[];
  /** Fixed tensors by value name. */
  readonly tensors: Map<string, DraftTensor>;
}

/** One input of a node of the file. */
export interface NodeInput {
  /** The node's first output, which names it. */
  readonly output: string;
  readonly input: number;
}

export interface DraftTensor {
  readonly array: HostArray;
  /** TensorProto.DataType the file has it in. */
  readonly type: number;
  /** Bytes that hold its elements, where there are such. */
  readonly place: StoredPlace | undefined;
  /** Element i of the array is element order[i] of the place; the same order when undefined. */
  readonly order: Int32Array | undefined;
  /** The only reader of a tensor that the file has only as one that others read too. */
  readonly reader?: NodeInput;
}

/** How often each value is read: by nodes, and as an output. */
export function countReaders(draft: Draft): Map<string, number> {
  const counts = new Map<string, number>();
  const count = (name: string) => counts.set(name, (counts.get(name) ?? 0) + 1);
  for (const node of draft.nodes) node.inputs.forEach(count);
  for (const { name } of draft.outputs) count(name);
  return counts;
}
