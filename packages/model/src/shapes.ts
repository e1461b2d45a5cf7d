import { inWords } from "@neft/options";
import type { Tensor } from "@neft/tensor";
import type { GraphNode, Subgraph } from "./graph.js";
import { describeNode } from "./graph.js";
import type { HostArray, HostData, KnownValue } from "./host-array.js";
import { checkedSize, isHostArray, maxHostElements } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import type { Model } from "./model.js";
import { DataDependentError, valuesOf } from "./operators/operator.js";

/** Prefixes an error's message with the location, unless it has it already. */
export function addLocation(error: unknown, where: string): Error {
  const message = error instanceof Error ? error.message : String(error);
  const full = message.startsWith(where) ? message : `${where}: ${message}`;
  return error instanceof RangeError ? new RangeError(full, { cause: error }) : new Error(full, { cause: error });
}

/**
 * Infers dtype and shape of every value without running the model.
 *
 * @param sizes  Size of each symbol in the inputs' shapes.
 * @throws {Error} naming the node whose inputs don't fit, or the symbol without a size.
 */
export function inferValues(model: Model, sizes: Readonly<Record<string, number>>): Map<string, KnownValue> {
  const known = new Map<string, KnownValue>();
  for (const { name, dtype, shape } of model.inputs) {
    const concrete = shape.map((n) => {
      const size = typeof n === "string" ? sizes[n] : n;
      if (size === undefined) throw new Error(`input ${inWords(name)}: expected a size for ${inWords(n)}, got none`);
      return size;
    });
    checkedSize(concrete);
    known.set(name, { dtype, shape: concrete });
  }
  for (const [name, { dtype, shape }] of model.parameters) known.set(name, { dtype, shape });
  for (const [name, tensor] of model.constants) known.set(name, knownConstant(tensor));
  return inferNodes(model.nodes, known);
}

/** Limit on the floats of a constant that shapes may depend on: factors of a resize. */
export const maxKnownFloats = 64;

/** What shape inference knows of a constant: its elements, unless they are many floats. */
export function knownConstant(tensor: Tensor): KnownValue {
  const { dtype, shape, size } = tensor;
  if (dtype !== "f32") return { dtype, shape, data: tensor.values() as HostData };
  return size > maxKnownFloats ? { dtype, shape } : { dtype, shape, data: tensor.toArray() as HostData };
}

/**
 * Infers the outputs of topologically sorted nodes and adds them to `known`.
 *
 * @param skipUnknown  Leaves out values whose shape depends on data, and all that depend on them. Default: false,
 *   which throws.
 */
export function inferNodes(
  nodes: readonly GraphNode[],
  known: Map<string, KnownValue>,
  { skipUnknown = false }: { skipUnknown?: boolean } = {},
): Map<string, KnownValue> {
  let left: number = maxExact.all;
  let host = 0;
  for (const node of nodes) {
    if (skipUnknown && node.inputs.some((name) => name !== "" && !known.has(name))) continue;
    try {
      const results = inferNode(
        node,
        node.inputs.map((name) => (name === "" ? undefined : known.get(name))),
        left,
      );
      node.outputs.forEach((name, i) => {
        if (name === "") return;
        const result = results[i];
        if (result === undefined)
          throw new Error(`expected at most ${results.length} outputs, got ${node.outputs.length}`);
        const size = checkedSize(result.shape);
        if (isHostNode(node, known)) host += size;
        if (host > maxHostElements) {
          throw new RangeError(
            `expected at most ${maxHostElements} elements in all values computed from shapes and integers, got more`,
          );
        }
        left -= result.data?.length ?? 0;
        known.set(name, result);
      });
    } catch (error) {
      if (!(skipUnknown && error instanceof DataDependentError)) throw addLocation(error, describeNode(node));
    }
  }
  return known;
}

/** @throws {RangeError} unless a graph gets as many inputs as it has. */
export function checkInputs(graph: Subgraph, inputs: readonly unknown[]): void {
  if (inputs.length === graph.inputs.length) return;
  const outer = graph.captures;
  throw new RangeError(
    `expected a graph of ${inputs.length - outer} inputs, got one of ${graph.inputs.length - outer}`,
  );
}

/**
 * Infers the outputs of a graph that a node holds.
 *
 * @param inputs  Its inputs, in order. Undefined: absent.
 * @throws {DataDependentError} when an output depends on data.
 */
export function inferGraph(graph: Subgraph, inputs: readonly (KnownValue | undefined)[]): KnownValue[] {
  checkInputs(graph, inputs);
  const given = graph.inputs.flatMap((name, i) => (inputs[i] ? [[name, inputs[i]] as const] : []));
  const known = inferNodes(graph.nodes, new Map(given), { skipUnknown: true });
  return graph.outputs.map((name) => {
    const value = known.get(name);
    if (value === undefined)
      throw new DataDependentError("expected a shape that input shapes determine, got one that depends on data");
    return value;
  });
}

/** Whether a node runs on typed arrays: it has `integers`, and no input is f32. */
function isHostNode(node: GraphNode, known: ReadonlyMap<string, KnownValue>): boolean {
  if (operatorOf(node).integers === null) return false;
  return node.inputs.every((name) => name === "" || known.get(name)?.dtype !== "f32");
}

/** Limits on the integers that shape inference keeps: per value, and in all values of one inference. */
const maxExact = { value: 2 ** 16, all: 2 ** 21 } as const;

/**
 * Infers the outputs of one node; with elements, when all inputs are known integers and the outputs are few integers.
 */
function inferNode(node: GraphNode, inputs: readonly (KnownValue | undefined)[], left: number): readonly KnownValue[] {
  const row = operatorOf(node);
  const attributes = valuesOf(row, node);
  const isExact = (input: KnownValue | undefined) =>
    input === undefined || (input.dtype !== "f32" && isHostArray(input));
  const inferred = row.infer(inputs as readonly KnownValue[], attributes, { node, inputs, inferGraph });
  const isFew = ({ dtype, shape }: KnownValue) =>
    dtype !== "f32" && checkedSize(shape) <= Math.min(maxExact.value, left);
  if (row.integers === null || !inputs.every(isExact) || !inferred.every(isFew)) return inferred;
  const arrays = inputs as readonly HostArray[];
  return row.integers(arrays, attributes, { node, inputs: arrays });
}

/**
 * Infers the shape of every value, by name.
 *
 * @param batch  Default: the model's fixed batch, else 1.
 * @param sizes  Sizes of other symbols in the inputs' shapes. Default: none.
 * @throws {RangeError} when the model's batch is fixed at another size.
 */
export function valueShapes(
  model: Model,
  batch?: number,
  sizes: Readonly<Record<string, number>> = {},
): Map<string, number[]> {
  const first = model.inputs[0]?.shape[0];
  if (typeof first === "number" && batch !== undefined && batch !== first) {
    throw new RangeError(`model ${inWords(model.name)}: expected its fixed batch of ${first}, got ${batch}`);
  }
  const known = inferValues(model, typeof first === "string" ? { ...sizes, [first]: batch ?? 1 } : sizes);
  return new Map([...known].map(([name, { shape }]) => [name, [...shape]]));
}
