import type { GraphNode, HostArray } from "@neft/model";
import { describeNode, evaluateConstants, inferNodes, operatorOf, valuesOf } from "@neft/model";
import { sizeOf } from "@neft/tensor";
import { codesOf } from "./codes.js";
import type { Draft, DraftTensor } from "./draft.js";
import { countReaders } from "./draft.js";
import { typeOfArray } from "./graph-reader.js";
import { floatFormats } from "./stored-tensor.js";

/**
 * Replaces nodes with constant inputs by their results.
 *
 * A rearranged float tensor keeps its storage in the file, so that an export can overwrite it. If other nodes read the
 * tensor too, the rearranging node stays, so that all readers share one tensor.
 *
 * @throws {OnnxError} naming the node that exceeds the import's budget.
 */
export function foldConstants(draft: Draft): void {
  new Folding(draft).run();
}

/** Removes nodes whose fixed values duplicate others: Identities, and nodes equal to an earlier one. */
export function removeCopies(draft: Draft): void {
  const outputs = new Set(draft.outputs.map(({ name }) => name));
  const fixed = new Set(["", ...draft.tensors.keys()]);
  const names = new Map<string, string>();
  const made = new Map<string, readonly string[]>();
  draft.nodes = draft.nodes.flatMap((original) => {
    const node = { ...original, inputs: original.inputs.map((name) => names.get(name) ?? name) };
    if (!isFixed(node, (name) => fixed.has(name))) return [node];
    for (const output of node.outputs) fixed.add(output);
    if (node.outputs.some((output) => outputs.has(output))) return [node];
    const key = keyOf(node);
    const same = operatorOf(node).traits.copies ? [node.inputs[0]!] : made.get(key);
    if (same === undefined) {
      made.set(key, node.outputs);
      return [node];
    }
    for (const [i, output] of node.outputs.entries()) names.set(output, same[i]!);
    return [];
  });
}

/** Whether a node's outputs are constant. */
function isFixed(node: GraphNode, isKnown: (name: string) => boolean): boolean {
  return !operatorOf(node).traits.draws && node.inputs.every(isKnown);
}

/** Key that is equal for nodes with the same results. JSON has no infinities and no −0, so these are spelled out. */
function keyOf({ op, inputs, outputs, attributes }: GraphNode): string {
  const entries = Object.entries(attributes).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([op, inputs, outputs.map((name) => name !== ""), entries], (_, value) =>
    typeof value === "bigint"
      ? `integer ${value}`
      : typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))
        ? `number ${Object.is(value, -0) ? "-0" : value}`
        : value,
  );
}

/** One pass over the nodes, in order. */
class Folding {
  readonly #draft: Draft;
  readonly #readers: Map<string, number>;
  /** Views that stay nodes because their tensor has other readers. */
  readonly #views = new Map<string, GraphNode>();
  /** Results of such views, where folding needed them. */
  readonly #viewed = new Map<string, DraftTensor>();

  constructor(draft: Draft) {
    this.#draft = draft;
    this.#readers = countReaders(draft);
  }

  run(): void {
    const draft = this.#draft;
    draft.nodes = draft.nodes.filter((node) => !this.#fold(node));
  }

  /** Replaces a node by a tensor if possible, and returns whether it did. */
  #fold(node: GraphNode): boolean {
    const { tensors } = this.#draft;
    const isView = operatorOf(node).traits.view === true;
    const isKnown = (name: string) => name === "" || tensors.has(name) || this.#views.has(name);
    if (!isFixed(node, isKnown)) return false;
    const output = node.outputs[0]!;
    const first = node.inputs[0]!;
    if (isView && (this.#views.has(first) || (isWeight(tensors.get(first)!) && this.#readers.get(first)! > 1))) {
      if (this.#isFloat(node)) {
        this.#views.set(output, node);
        return false;
      }
    }
    for (const [i, made] of this.#make(node).entries()) {
      const name = node.outputs[i] ?? "";
      if (name !== "") tensors.set(name, made);
    }
    for (const name of new Set(node.inputs)) this.#release(name);
    return true;
  }

  /** Whether a view of a float tensor gives floats. */
  #isFloat(node: GraphNode): boolean {
    const row = operatorOf(node);
    return !row.traits.converts || valuesOf(row, node).to === "f32";
  }

  /** Removes one reader. Tensors without readers are freed. */
  #release(name: string): void {
    const left = (this.#readers.get(name) ?? 0) - 1;
    this.#readers.set(name, left);
    if (left === 0) this.#draft.tensors.delete(name);
  }

  /** A fixed tensor, or the result of a view that stayed a node. */
  #valueOf(name: string): DraftTensor {
    const chain: GraphNode[] = [];
    let at = name;
    let found = this.#draft.tensors.get(at) ?? this.#viewed.get(at);
    while (found === undefined) {
      const node = this.#views.get(at)!;
      chain.push(node);
      at = node.inputs[0]!;
      found = this.#draft.tensors.get(at) ?? this.#viewed.get(at);
    }
    for (const node of chain.reverse()) {
      const rest = node.inputs.slice(1).map((input) => (input === "" ? undefined : this.#valueOf(input).array));
      found = this.#rearranged(node, found, rest);
      this.#viewed.set(node.outputs[0]!, found);
    }
    return found;
  }

  /** Computes the results of a node. */
  #make(node: GraphNode): DraftTensor[] {
    const inputs = node.inputs.map((name) => (name === "" ? undefined : this.#valueOf(name)));
    const arrays = inputs.map((input) => input?.array);
    const first = inputs[0];
    if (first !== undefined && isWeight(first) && operatorOf(node).traits.view && this.#isFloat(node)) {
      return [this.#rearranged(node, first, arrays.slice(1))];
    }
    const float = inputs.find((one) => one !== undefined && floatFormats.has(one.type));
    return this.#evaluate(node, arrays).map((array, i) => {
      const type = array.dtype === "f32" && float ? float.type : typeOfArray(array);
      const named = this.#draft.types.get(node.outputs[i] ?? "");
      return {
        array,
        type: named ?? type,
        storage: i === 0 ? this.#codedStorage(node, first, arrays) : undefined,
        order: undefined,
      };
    });
  }

  /** The place of the integers that a node decodes, if no other node reads them; undefined for another node. */
  #codedStorage(
    node: GraphNode,
    first: DraftTensor | undefined,
    arrays: readonly (HostArray | undefined)[],
  ): DraftTensor["storage"] {
    const storage = first?.storage;
    if (storage === undefined || this.#readers.get(node.inputs[0]!)! > 1) return undefined;
    const codes = codesOf(node, arrays);
    return codes && { ...storage, codes };
  }

  #evaluate(node: GraphNode, inputs: readonly (HostArray | undefined)[]): HostArray[] {
    const known = new Map(node.inputs.flatMap((name, i) => (inputs[i] ? [[name, inputs[i]!] as const] : [])));
    const inferred = inferNodes([node], known, { skipUnknown: true });
    const results = node.outputs.map((name) => (name === "" ? undefined : inferred.get(name)));
    const exact = results.flatMap((result) => (result?.data ? [{ ...result, data: result.data }] : []));
    if (exact.length === node.outputs.length) return exact;
    const given = inputs.reduce((sum, input) => sum + (input?.data.length ?? 0), 0);
    const made = results.reduce((sum, result) => sum + (result ? sizeOf(result.shape) : given), 0);
    this.#draft.budget.spend(given + made * elementCost(node, inputs), describeNode(node));
    return evaluateConstants(node, inputs);
  }

  /** Applies a view to a tensor and to the order of its elements. */
  #rearranged(node: GraphNode, tensor: DraftTensor, rest: readonly (HostArray | undefined)[]): DraftTensor {
    const type = this.#draft.types.get(node.outputs[0]!) ?? tensor.type;
    const row = operatorOf(node);
    if (row.traits.converts) return { ...tensor, type };
    const { data, shape } = tensor.array;
    const moved = (array: HostArray) => {
      const inputs = [array, ...rest];
      return row.integers!(inputs as readonly HostArray[], valuesOf(row, node), { node, inputs })[0]!;
    };
    if (row.traits.rearranges !== "moved") return { ...tensor, type, array: moved(tensor.array) };
    this.#draft.budget.spend(3 * data.length, describeNode(node));
    const order = moved({ dtype: "i32", shape, data: tensor.order ?? Int32Array.from(data.keys()) });
    return { ...tensor, type, array: moved(tensor.array), order: order.data as Int32Array };
  }
}

/** Number of multiply-adds that take as long as reading and writing one element. */
const addsPerElement = 256;

/** Cost of one output element of a node, in elements read and written: products and pools sum many terms. */
function elementCost(node: GraphNode, inputs: readonly (HostArray | undefined)[]): number {
  const row = operatorOf(node);
  const shapes = inputs.map((input) => input?.shape);
  return 1 + (row.traits.cost?.(shapes, valuesOf(row, node)) ?? 1) / addsPerElement;
}

/** Whether a tensor may be trained. Scalars, such as scales and bounds, are excluded. */
function isWeight({ type, array }: DraftTensor): boolean {
  return floatFormats.has(type) && array.data.length > 1;
}
