import { has, inWords, kind } from "@neft/options";
import type { Tensor } from "@neft/tensor";
import { type ArrayNode, arrayNodesOf } from "./array-node.js";
import type { GraphNode, ValueInfo } from "./graph.js";
import { describeNode, producersOf, sortNodes } from "./graph.js";
import type { HostData } from "./host-array.js";
import { knownOperators, operatorOf } from "./known-operators.js";
import { valuesOf } from "./operators/operator.js";
import { checkFree, modelRule, tensorsOf } from "./use.js";
import { type Weights, weightsOf } from "./weights.js";

/** Parts of a model. Parameters are f32 tensors; constants are all other fixed tensors. */
export interface ModelParts {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly constants: ReadonlyMap<string, Tensor>;
  /** Set by an importer, so that an export changes weights only. */
  readonly source?: unknown;
}

/**
 * A network: a graph of named nodes with ONNX semantics, and the tensors that it reads.
 *
 * Nodes are sorted topologically. Tensors belong to no scope; `dispose` frees them.
 */
export class Model {
  readonly name: string;
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly nodes: readonly GraphNode[];
  readonly parameters: ReadonlyMap<string, Tensor>;
  readonly constants: ReadonlyMap<string, Tensor>;
  readonly source?: unknown;

  /**
   * @throws {Error} when operators are unknown (all are listed), names clash, values are missing or nodes form a
   *   cycle.
   */
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
      if (seen.has(name))
        throw new Error(`model ${inWords(parts.name)}: expected unique value names, got ${inWords(name)} twice`);
      seen.add(name);
    }
    this.nodes = sortNodes(parts.nodes, given);
    const made = producersOf(this.nodes);
    if (parts.outputs.length === 0)
      throw new Error(`model ${inWords(parts.name)}: expected at least one output, got none`);
    for (const { name } of parts.outputs) {
      if (!made.has(name) && !seen.has(name)) {
        throw new Error(
          `model ${inWords(parts.name)}: expected a node that produces output ${inWords(name)}, got none`,
        );
      }
    }
  }

  /**
   * Frees all tensors. The model can't be used afterwards.
   *
   * @throws {Error} while a call uses the model or one that shares its tensors. Nothing is freed then.
   */
  dispose(): void {
    checkFree(this, "write", "dispose");
    for (const tensor of tensorsOf(this)) tensor.dispose();
  }
}

/** @throws {Error} for a node with an unknown operator, a wrong number of inputs or outputs, or a wrong attribute. */
export function checkOperators(nodes: readonly GraphNode[]): void {
  const unknown = nodes.filter((node) => !knownOperators.has(node.op));
  if (unknown.length > 0) {
    const all = unknown.map(describeNode).join(", ");
    throw new Error(`model: expected known operators, got ${all}; known: ${[...knownOperators.keys()].join(", ")}`);
  }
  for (const node of nodes) {
    const row = operatorOf(node);
    const [min, max] = row.inputs;
    if (node.inputs.length < min || node.inputs.length > max || node.inputs.slice(0, min).includes("")) {
      const expected = min === max ? `${min}` : `${min} to ${max}`;
      throw new Error(`${describeNode(node)}: expected ${expected} inputs, got ${node.inputs.length}`);
    }
    const { outputs = 1 } = row;
    if (node.outputs.length > outputs)
      throw new Error(`${describeNode(node)}: expected at most ${outputs} outputs, got ${node.outputs.length}`);
    try {
      valuesOf(row, node);
    } catch (error) {
      throw new Error(`${describeNode(node)}: ${(error as Error).message}`, { cause: error });
    }
  }
}

/** Names of the parameters that batch statistics update: the running mean and variance of every batch normalisation. */
export function runningParameters(model: Model): Set<string> {
  const names = new Set<string>();
  for (const node of model.nodes) {
    for (const input of Object.values(operatorOf(node).traits.running ?? {})) {
      const name = node.inputs[input]!;
      if (model.parameters.has(name)) names.add(name);
    }
  }
  return names;
}

/** Names of the parameters that gradients update, in the model's order: all but running statistics. */
export function trainableParameters(model: Model): string[] {
  const running = runningParameters(model);
  return [...model.parameters.keys()].filter((name) => !running.has(name));
}

/** Cache: a model's nodes never change. */
const weights = new WeakMap<Model, Weights>();

/** What a model's nodes see of its parameters, directly or through views. */
export function modelWeights(model: Model): Weights {
  const constantOf = (name: string) => {
    const tensor = model.constants.get(name);
    if (tensor === undefined || tensor.dtype === "f32") return undefined;
    return { dtype: tensor.dtype, shape: tensor.shape, data: tensor.values() as HostData };
  };
  const found = weights.get(model) ?? weightsOf(model.nodes, (name) => model.parameters.get(name)?.shape, constantOf);
  weights.set(model, found);
  return found;
}

/**
 * Products that a crossbar computes, in running order: those whose weight is a parameter, read directly or through
 * views (Transpose, Reshape, Flatten, Squeeze, Unsqueeze, Identity, Cast).
 *
 * @throws {RangeError} when `model` is not a model.
 */
export function arrayNodes(model: Model): ArrayNode[] {
  modelRule(model, "arrayNodes: model");
  return model.nodes.flatMap((node) => arrayNodesOf(node, modelWeights(model)));
}
