import { weightUses } from "./array-node.js";
import { capturesOf, type GraphNode, listNames, subgraphsOf } from "./graph.js";
import { operatorOf } from "./known-operators.js";
import { type Model, modelWeights } from "./model.js";
import { valuesOf } from "./operators/operator.js";
import type { Weights } from "./weights.js";

/** Reasons why a product stays digital. */
const digitalReasons = {
  data: "both operands are computed from the input",
  vector: "its weights are a vector",
  stack: "its weights are a stack of matrices",
  constant: "its weights are constants, not parameters",
  integers: "its weights are integers, which no gradient reaches",
  computed: "its weights are computed anew in every run",
} as const;

/** Why no crossbar holds a fixed value that a product reads. */
function kindOfWeight(model: Model, weights: Weights, name: string): Exclude<keyof typeof digitalReasons, "data"> {
  const constant = model.constants.get(weights.nameOf(name) ?? "");
  if (constant !== undefined) return constant.dtype === "f32" ? "constant" : "integers";
  const weight = weights.weightOf(name);
  if (weight === undefined) return "computed";
  return weight.shape.length < 2 ? "vector" : "stack";
}

/**
 * Why a product stays digital, by node: all products with an operand that could be a weight and isn't on a crossbar,
 * those of graphs inside nodes included.
 */
export function whyDigital(model: Model): Map<GraphNode, string> {
  const reasons = new Map<GraphNode, string>();
  /** @param fixed  Names of values here that are the same in every run. */
  const visit = (nodes: readonly GraphNode[], fixed: Set<string>, weights: Weights): void => {
    for (const node of nodes) {
      const isFixed = node.inputs.map((name) => fixed.has(name));
      if (isFixed.every(Boolean)) for (const name of node.outputs) fixed.add(name);
      for (const graph of subgraphsOf(node)) {
        const captures = [...capturesOf(node, graph)].filter(([, outer]) => fixed.has(outer)).map(([name]) => name);
        visit(graph.nodes, new Set([...captures, ""]), weights.within(node, graph));
      }
      const row = operatorOf(node);
      const { products } = row.traits;
      if (products === undefined || products.isProduct?.(valuesOf(row, node)) === false) continue;
      if (isFixed.slice(0, 2).every(Boolean)) continue;
      const held = weightUses(node, weights).map(({ input }) => input);
      const open = products.operands.filter((input) => (node.inputs[input] ?? "") !== "" && !held.includes(input));
      const weight = open.find((input) => isFixed[input]);
      if (weight === undefined && held.length > 0) continue;
      const kind = weight === undefined ? "data" : kindOfWeight(model, weights, node.inputs[weight]!);
      reasons.set(node, digitalReasons[kind]);
    }
  };
  visit(model.nodes, new Set([...model.parameters.keys(), ...model.constants.keys(), ""]), modelWeights(model));
  return reasons;
}

/**
 * Products of data and weights that no crossbar computes, so that the weights don't vary: weights that are vectors,
 * stacks of matrices, integers, or recomputed in every run.
 */
export function digitalProducts(model: Model): GraphNode[] {
  return [...whyDigital(model)].flatMap(([node, reason]) => (reason === digitalReasons.data ? [] : [node]));
}

/** Dropouts in training mode: other runtimes drop values there in every run. */
function droppingNodes({ nodes, constants }: Model): GraphNode[] {
  const only = (name = "") => constants.get(name)?.values()[0];
  return nodes.filter((node) => {
    const { drops } = operatorOf(node).traits;
    return drops?.((input) => {
      const value = only(node.inputs[input]);
      return value === undefined ? undefined : Number(value);
    });
  });
}

/** Warnings about a model's results on chips, one sentence each. Usually none. */
export function warningsOf(model: Model): string[] {
  const about = (what: string, nodes: readonly GraphNode[], why: string): string[] =>
    nodes.length === 0 ? [] : [`${what}: ${listNames(nodes.map(({ name }) => name))}: ${why}`];
  return [
    ...about(
      "layers without variation",
      digitalProducts(model),
      "their weights are vectors, stacks of matrices, integers or computed anew in every run, which no crossbar holds; they stay digital",
    ),
    ...about(
      "dropouts in training mode",
      droppingNodes(model),
      "the file drops values there in every run; they are read as in evaluation mode, and drop values in finetuning alone",
    ),
  ];
}
