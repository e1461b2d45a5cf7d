import { fused, type Step } from "./fusion.js";
import type { GraphNode } from "./graph.js";
import type { Model } from "./model.js";

/** How some values of a model are made. */
export interface Plan {
  readonly steps: readonly Step[];
  /** The node after which nobody reads a value. */
  readonly lastUse: ReadonlyMap<string, GraphNode>;
}

/** Plans made before: a model's nodes never change, and few sets of values are asked for. */
const plans = new WeakMap<Model, Map<string, Plan>>();

/** The plan for the wanted values; see `fused` for what `fuses` does. */
export function planOf(model: Model, wanted: ReadonlySet<string>, fuses: boolean): Plan {
  const known = plans.get(model) ?? new Map<string, Plan>();
  plans.set(model, known);
  const key = JSON.stringify([fuses, ...wanted]);
  const plan = known.get(key) ?? makePlan(model.nodes, wanted, fuses);
  known.set(key, plan);
  return plan;
}

function makePlan(nodes: readonly GraphNode[], wanted: ReadonlySet<string>, fuses: boolean): Plan {
  const steps = fused(neededNodes(nodes, wanted), wanted, fuses);
  const lastUse = new Map<string, GraphNode>();
  for (const { node } of steps) for (const name of [...node.outputs, ...node.inputs]) lastUse.set(name, node);
  return { steps, lastUse };
}

/** The nodes that the wanted values need, in the given order. */
function neededNodes(nodes: readonly GraphNode[], wanted: ReadonlySet<string>): GraphNode[] {
  const needed = new Set(wanted);
  const kept: GraphNode[] = [];
  for (const node of [...nodes].reverse()) {
    if (!node.outputs.some((name) => needed.has(name))) continue;
    kept.push(node);
    for (const name of node.inputs) needed.add(name);
  }
  return kept.reverse();
}
