import type { GraphNode, HostArray } from "@neft/model";
import { evaluateConstants, inferNodes, operatorTable } from "@neft/model";
import { sizeOf } from "@neft/tensor";
import type { Draft, DraftTensor } from "./draft.js";
import { countReaders } from "./draft.js";
import { typeOfArray } from "./graph-reader.js";
import { floatFormats } from "./stored-tensor.js";

/** Operators that only rearrange elements: what they make of a stored tensor still lies in its bytes. */
const rearranging = new Set(["Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"]);

/** What grows beyond this, and beyond its inputs, is made when it is needed: a file of a few bytes may ask for gigabytes. */
const mostFolded = 2 ** 22;

/**
 * Replaces nodes whose inputs are all fixed by what they make.
 *
 * A name for a fixed tensor (Identity) becomes that tensor. A rearranged float tensor keeps its place in the file, so that
 * export stays exact, unless something else reads it too: then the node stays, and both readers keep sharing one tensor.
 */
export function foldConstants(draft: Draft): void {
  const aliases = new Map<string, string>();
  const outputs = new Set(draft.outputs.map(({ name }) => name));
  const rename = (name: string) => aliases.get(name) ?? name;
  const folded = new Map<string, string>();
  const kept: GraphNode[] = [];
  for (const original of draft.nodes) {
    const node = { ...original, inputs: original.inputs.map(rename) };
    const fixed = node.inputs.every((name) => name === "" || draft.tensors.has(name)) && node.op !== "Dropout";
    const output = node.outputs[0]!;
    if (!fixed || outputs.has(output)) {
      kept.push(node);
    } else if (node.op === "Identity") {
      aliases.set(output, node.inputs[0]!);
    } else {
      const key = JSON.stringify([node.op, node.inputs, node.attributes]);
      const same = folded.get(key);
      const tensor = same === undefined ? foldNode(draft, node, rename) : undefined;
      if (same !== undefined) aliases.set(output, same);
      else if (tensor === undefined) kept.push(node);
      else {
        draft.tensors.set(output, tensor);
        folded.set(key, output);
      }
    }
  }
  draft.nodes = kept;
  const readers = countReaders(draft);
  for (const name of [...draft.tensors.keys()]) if (!readers.has(name)) draft.tensors.delete(name);
}

/** What a node makes, or undefined where it should stay. */
function foldNode(draft: Draft, node: GraphNode, rename: (name: string) => string): DraftTensor | undefined {
  const inputs = node.inputs.map((name) => (name === "" ? undefined : draft.tensors.get(name)!));
  const known = new Map(node.inputs.flatMap((name, i) => (inputs[i] ? [[name, inputs[i].array] as const] : [])));
  const [result] = node.outputs.map((name) => inferNodes([node], new Map(known)).get(name)!);
  const first = inputs[0]!;
  const isWeight = floatFormats.has(first.type) && first.array.data.length > 1;
  const bytesStay =
    rearranging.has(node.op) || (node.op === "Cast" && first.array.dtype === "f32" && result!.dtype === "f32");
  if (isWeight && bytesStay) {
    const readers = draft.nodes.filter((one) => one.inputs.some((name) => rename(name) === node.inputs[0]));
    const alike = new Set(readers.map((one) => JSON.stringify([one.op, one.inputs.map(rename), one.attributes])));
    if (alike.size > 1 || draft.outputs.some(({ name }) => name === node.inputs[0])) return undefined;
    return rearranged(
      node,
      first,
      inputs.slice(1).map((one) => one?.array),
    );
  }
  const given = inputs.reduce((sum, input) => sum + (input?.array.data.length ?? 0), 0);
  if (sizeOf(result!.shape) > Math.max(given, mostFolded)) return undefined;
  const [array] = evaluateConstants(
    node,
    inputs.map((one) => one?.array),
  );
  const float = inputs.find((one) => one !== undefined && floatFormats.has(one.type));
  return {
    array: array!,
    type: array!.dtype === "f32" && float ? float.type : typeOfArray(array!),
    place: undefined,
    order: undefined,
  };
}

/** The tensor rearranged, and the order in which its elements now stand. */
function rearranged(node: GraphNode, tensor: DraftTensor, rest: readonly (HostArray | undefined)[]): DraftTensor {
  const { data, shape } = tensor.array;
  if (node.op === "Cast") return tensor;
  const indices: HostArray = { dtype: "i32", shape, data: Int32Array.from(tensor.order ?? data.keys()) };
  const [moved] = operatorTable.get(node.op)!.elements!({ node, inputs: [indices, ...rest] });
  const [array] = operatorTable.get(node.op)!.elements!({ node, inputs: [tensor.array, ...rest] });
  return {
    ...tensor,
    array: array!,
    order: node.op === "Transpose" || tensor.order ? (moved!.data as Int32Array) : undefined,
  };
}
