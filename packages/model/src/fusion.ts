import type { GraphNode } from "./graph.js";
import { operatorOf } from "./known-operators.js";
import { type Fused, valuesOf } from "./operators/operator.js";

/** A node to run, and the following nodes that are fused into it. Its outputs are those of the last one. */
export interface Step extends Fused {
  readonly node: GraphNode;
}

/**
 * Fuses nodes so that activations are read and written less often. Values keep every bit.
 *
 * - A ReLU before a max pool moves behind it, onto a quarter of the values: max commutes with increasing functions.
 * - A 2×2 max pool after a convolution, and a ReLU after either, are fused into the product.
 *
 * Wanted values are never fused away.
 *
 * @param plan  Nodes in running order.
 */
export function fuseNodes(plan: readonly GraphNode[], wanted: ReadonlySet<string>): Step[] {
  const swapped = poolBeforeRelu(plan, wanted);
  const consumers = soleConsumers(swapped, wanted);
  const absorbed = new Set<GraphNode>();
  const steps: Step[] = [];
  for (const node of swapped) {
    if (absorbed.has(node)) continue;
    const { absorbs: kinds = [] } = operatorOf(node).traits;
    let last = node;
    const absorbs = (kind: "pool" | "relu"): boolean => {
      const next = kinds.includes(kind) ? consumers.get(last.outputs[0]!) : undefined;
      if (next === undefined || absorbedAs(next) !== kind) return false;
      absorbed.add(next);
      last = next;
      return true;
    };
    const pooled = absorbs("pool");
    const rectified = absorbs("relu");
    steps.push({ node: last === node ? node : { ...node, outputs: last.outputs }, rectified, pooled });
  }
  return steps;
}

/** What a product calls a node that follows it. */
function absorbedAs(node: GraphNode): "pool" | "relu" | undefined {
  const row = operatorOf(node);
  return row.traits.absorbedAs?.(valuesOf(row, node), node);
}

/**
 * Moves each increasing operator whose only reader is a max pool behind that pool. The value between them keeps its
 * name.
 */
function poolBeforeRelu(plan: readonly GraphNode[], wanted: ReadonlySet<string>): GraphNode[] {
  const consumers = soleConsumers(plan, wanted);
  const moved = new Map<GraphNode, GraphNode>();
  for (const node of plan) {
    const pool = operatorOf(node).traits.increasing ? consumers.get(node.outputs[0]!) : undefined;
    if (pool && operatorOf(pool).traits.selectsLargest && pool.outputs.length === 1) moved.set(pool, node);
  }
  const early = new Set(moved.values());
  return plan.flatMap((node) => {
    const relu = moved.get(node);
    if (relu === undefined) return early.has(node) ? [] : [node];
    const pool = { ...node, inputs: relu.inputs, outputs: relu.outputs };
    return [pool, { ...relu, inputs: relu.outputs, outputs: node.outputs }];
  });
}

/** The reading node of each value that is read exactly once and not wanted. */
function soleConsumers(plan: readonly GraphNode[], wanted: ReadonlySet<string>): Map<string, GraphNode> {
  const readers = new Map<string, GraphNode[]>();
  for (const node of plan) {
    for (const name of node.inputs) {
      const list = readers.get(name);
      if (list === undefined) readers.set(name, [node]);
      else list.push(node);
    }
  }
  const sole = [...readers].filter(([name, nodes]) => nodes.length === 1 && !wanted.has(name));
  return new Map(sole.map(([name, [node]]) => [name, node!]));
}
