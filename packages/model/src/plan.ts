import { fuseNodes, type Step } from "./fusion.js";
import type { GraphNode } from "./graph.js";
import type { Model } from "./model.js";

/** Steps that compute some values of a model. */
export interface Plan {
  readonly steps: readonly Step[];
  /** The last node that reads or produces each value. */
  readonly lastUse: ReadonlyMap<string, GraphNode>;
}

/** Cache: a model's nodes never change, and few sets of values are requested. */
const plans = new WeakMap<Model, Map<string, Plan>>();

/** Plan that computes the wanted values. `fuses` is as in `fuseNodes`. */
export function planOf(model: Model, wanted: ReadonlySet<string>, fuses: boolean): Plan {
  const known = plans.get(model) ?? new Map<string, Plan>();
  plans.set(model, known);
  const key = JSON.stringify([fuses, ...wanted]);
  const plan = known.get(key) ?? makePlan(model.nodes, wanted, fuses);
  known.set(key, plan);
  return plan;
}

/** Selects and fuses the needed nodes, and finds the last use of each value. */
function makePlan(nodes: readonly GraphNode[], wanted: ReadonlySet<string>, fuses: boolean): Plan {
  const steps = fuseNodes(neededNodes(nodes, wanted), wanted, fuses);
  return { steps, lastUse: lastUses(steps.map(({ node }) => node)) };
}

/** The last node that reads or produces each value. */
export function lastUses(nodes: readonly GraphNode[]): Map<string, GraphNode> {
  const lastUse = new Map<string, GraphNode>();
  for (const node of nodes) for (const name of [...node.outputs, ...node.inputs]) lastUse.set(name, node);
  return lastUse;
}

/** Nodes that the wanted values depend on, in the given order. */
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
