import type { GraphNode } from "./graph.js";
import { operatorTable } from "./operators/table.js";

/** A node to run, with the ReLU after it where it computes that too. */
export interface Step {
  readonly node: GraphNode;
  /** The outputs are those of the ReLU. */
  readonly rectified: boolean;
}

/**
 * Nodes in an order that works, as fewer passes over the activations with the same values to the last bit:
 *
 * - a ReLU before a max pool runs after it, on a quarter of the values: a maximum commutes with a rising function;
 * - a ReLU after a product belongs to the product, where `fusesRelu`.
 *
 * Values that are wanted are computed as they are.
 */
export function fused(plan: readonly GraphNode[], wanted: ReadonlySet<string>, fusesRelu: boolean): Step[] {
  const swapped = poolFirst(plan, wanted);
  const consumers = soleConsumers(swapped, wanted);
  const absorbed = new Set<GraphNode>();
  const steps: Step[] = [];
  for (const node of swapped) {
    if (absorbed.has(node)) continue;
    const next = fusesRelu && operatorTable.get(node.op)!.rectifies ? consumers.get(node.outputs[0]!) : undefined;
    if (next?.op === "Relu") {
      absorbed.add(next);
      steps.push({ node: { ...node, outputs: next.outputs }, rectified: true });
    } else {
      steps.push({ node, rectified: false });
    }
  }
  return steps;
}

/** ReLUs moved behind the max pools that alone read them; the value between keeps its name. */
function poolFirst(plan: readonly GraphNode[], wanted: ReadonlySet<string>): GraphNode[] {
  const consumers = soleConsumers(plan, wanted);
  const moved = new Map<GraphNode, GraphNode>();
  for (const node of plan) {
    const pool = node.op === "Relu" ? consumers.get(node.outputs[0]!) : undefined;
    if (pool?.op === "MaxPool" && pool.outputs.length === 1) moved.set(pool, node);
  }
  const early = new Set(moved.values());
  return plan.flatMap((node) => {
    const relu = moved.get(node);
    if (relu === undefined) return early.has(node) ? [] : [node];
    const pool = { ...node, inputs: relu.inputs, outputs: relu.outputs };
    return [pool, { ...relu, inputs: relu.outputs, outputs: node.outputs }];
  });
}

/** The node that reads a value, for values that just one reads, once, and that nobody else wants. */
function soleConsumers(plan: readonly GraphNode[], wanted: ReadonlySet<string>): Map<string, GraphNode> {
  const readers = new Map<string, GraphNode[]>();
  for (const node of plan) for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const sole = [...readers].filter(([name, nodes]) => nodes.length === 1 && !wanted.has(name));
  return new Map(sole.map(([name, [node]]) => [name, node!]));
}
