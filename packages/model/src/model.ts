import { has, kind } from "@neft/options";
import type { Tensor } from "@neft/tensor";
import { type ArrayNode, arrayNodeOf } from "./array-node.js";
import type { GraphNode, ValueInfo } from "./graph.js";
import { describeNode, listNames, producersOf, sortNodes } from "./graph.js";
import { operatorTable } from "./operators/table.js";
import { checkFree, modelRule, tensorsOf } from "./use.js";

/** What a model is made of. Parameters are f32; constants are everything else that is fixed. */
export interface ModelParts {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Set by an importer, for an export that changes nothing but weights. */
  readonly source?: unknown;
}

/**
 * A network: a graph of named nodes with ONNX semantics, and the tensors it reads.
 *
 * Its tensors live outside all scopes until `dispose`. Nodes are in an order in which they can run.
 */
export class Model {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly source?: unknown;

  /** @throws {Error} when operators are unknown (all listed), names clash, values are missing or nodes form a cycle. */
  constructor(parts: ModelParts) {
    kind("the parts of a model", (value) =>
      has(value, "name", "nodes", "parameters", "constants", "inputs", "outputs"),
    )(parts, "Model");
    this.name = parts.name;
    this.inputs = parts.inputs;
    this.outputs = parts.outputs;
    this.parameters = parts.parameters;
    this.constants = parts.constants;
    this.source = parts.source;
    checkOperators(parts.nodes);
    const given = [...parts.inputs.map((input) => input.name), ...parts.parameters.keys(), ...parts.constants.keys()];
    const seen = new Set<string>();
    for (const name of given) {
      if (seen.has(name)) throw new Error(`model "${parts.name}": expected unique value names, got "${name}" twice`);
      seen.add(name);
    }
    this.nodes = sortNodes(parts.nodes, given);
    const made = producersOf(this.nodes);
    if (parts.outputs.length === 0) throw new Error(`model "${parts.name}": expected at least one output, got none`);
    for (const { name } of parts.outputs) {
      if (!made.has(name) && !seen.has(name)) {
        throw new Error(
          `model "${parts.name}": expected output "${name}" to be made by a node, got none that makes it`,
        );
      }
    }
  }

  /**
   * Frees all tensors; the model is of no use afterwards.
   * @throws {Error} while a call like an evaluation uses it or a model it shares tensors with; nothing is freed then.
   */
  dispose(): void {
    checkFree(this, "write", "dispose");
    for (const tensor of tensorsOf(this)) tensor.dispose();
  }
}

/** @throws {Error} for a node whose operator isn't known, or has another number of inputs. */
export function checkOperators(nodes: readonly GraphNode[]): void {
  const unknown = nodes.filter((node) => !operatorTable.has(node.op));
  if (unknown.length > 0) {
    const all = unknown.map(describeNode).join(", ");
    throw new Error(
      `model: expected operators of the table, got ${all}; known: ${[...operatorTable.keys()].join(", ")}`,
    );
  }
  for (const node of nodes) {
    const [least, most] = operatorTable.get(node.op)!.arity;
    if (node.inputs.length < least || node.inputs.length > most) {
      const expected = least === most ? `${least}` : `${least} to ${most}`;
      throw new Error(`${describeNode(node)}: expected ${expected} inputs, got ${node.inputs.length}`);
    }
  }
}

/** Names of the parameters that batch statistics write: the running vectors of every batch normalisation. */
export function runningParameters(model: Model): Set<string> {
  const names = new Set<string>();
  for (const node of model.nodes) {
    if (node.op !== "BatchNormalization") continue;
    for (const name of node.inputs.slice(3, 5)) if (model.parameters.has(name)) names.add(name);
  }
  return names;
}

/** Names of the parameters gradients train: all but running statistics, in the model's order. */
export function trainableParameters(model: Model): string[] {
  const running = runningParameters(model);
  return [...model.parameters.keys()].filter((name) => !running.has(name));
}

/** The products a crossbar computes, in the order they run: Conv, Gemm and MatMul with a parameter weight. */
export function arrayNodes(model: Model): ArrayNode[] {
  modelRule(model, "arrayNodes: model");
  const shapeOf = (name: string) => model.parameters.get(name)?.shape;
  return model.nodes.flatMap((node) => arrayNodeOf(node, shapeOf) ?? []);
}

/**
 * The value a loss should read: the input of a final Softmax or LogSoftmax, else the output itself.
 *
 * @param output  Which output; may be left out when there is one.
 * @throws {Error} naming the outputs when there are several and none, or an unknown one, is named.
 */
export function logitsOf(model: Model, output?: string): string {
  const names = model.outputs.map(({ name }) => name);
  if (output === undefined && names.length > 1) {
    throw new Error(
      `model "${model.name}": expected one of its outputs to be named, got none; it has ${listNames(names)}`,
    );
  }
  const name = output ?? names[0]!;
  if (!names.includes(name)) {
    throw new Error(`model "${model.name}": expected an output of ${listNames(names)}, got "${name}"`);
  }
  const producers = producersOf(model.nodes);
  let value = name;
  let node = producers.get(value);
  while (node?.op === "Identity") {
    value = node.inputs[0]!;
    node = producers.get(value);
  }
  return node?.op === "Softmax" || node?.op === "LogSoftmax" ? node.inputs[0]! : name;
}
