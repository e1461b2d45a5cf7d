import { wasm } from "@neft/kernels";
import { AutogradNode, type Edge, noGrad } from "./graph.js";
import type { BackwardContext, Inputs } from "./operation.js";
import { add } from "./operations/arithmetic.js";
import { scope } from "./scope.js";
import { shapeText } from "./shape.js";
import { addToScope, alias, full, type Tensor, zeros } from "./tensor.js";

/** A node, for the gradient by its output, or a parameter. */
type Target = AutogradNode | Tensor;

/**
 * Computes the gradients of `loss` by the tensors of `wrt`, in this order and in the current scope. A tensor that the loss doesn't
 * depend on gets zeros.
 *
 * The backward pass consumes the recorded graph: it frees each gradient and kept tensor after the last rule that reads it. A second pass
 * through the same operations is an error. Tensors that the program holds stay readable.
 *
 * @param loss  One f32 element, computed from parameters.
 * @param wrt   Parameters, or results of operations on them.
 * @param observe  Called for every recorded operation, the last one first, in place of its gradient rules; must call `work`. `id` is as
 *   in `lastRecorded`. For measurements. Default: none.
 * @returns one new tensor for each of `wrt`, of its shape.
 * @throws {Error} when `loss` or `wrt` isn't as described, or an earlier backward pass has consumed a part of the graph.
 */
export function backward(
  loss: Tensor,
  wrt: readonly Tensor[],
  observe?: (id: number, work: () => void) => void,
): Tensor[] {
  loss.check("backward");
  if (loss.size !== 1) throw new Error(`backward: expected a loss of one element, got shape ${shapeText(loss.shape)}`);
  for (const tensor of wrt) checkTarget(tensor);
  const root: Target = loss.node ?? loss;
  if (!loss.requiresGrad) {
    throw new Error("backward: expected a loss computed from parameters, got a constant; was it made inside noGrad()?");
  }
  const targets = new Set<Target>(wrt.map(targetOf));
  const { nodes, needed } = plan(root, targets);
  const groups = groupsOf(nodes, needed);
  const gradients = new Map<Target, Tensor>();
  const returned = new Set<Tensor>();
  // Nodes hold references to earlier nodes only. Without this reference, a node with a freed output would be freed before its turn.
  for (const node of nodes) node.retain();
  try {
    noGrad(() => {
      gradients.set(
        root,
        scope(() => alias(full(loss.shape, 1))),
      );
      const pass = { gradients, targets, needed, groups };
      for (const node of nodes) {
        if (observe) observe(node.id, () => visit(node, pass));
        else visit(node, pass);
      }
    });
    return wrt.map((tensor) => resultFor(tensor, gradients.get(targetOf(tensor)), returned));
  } finally {
    for (const node of nodes) node.release();
    for (const gradient of gradients.values()) if (!returned.has(gradient)) gradient.dispose();
    for (const { visited } of groups.values()) for (const { node, dy } of visited) if (!targets.has(node)) dy.dispose();
  }
}

/** Whether a backward pass has gone through the operation that computed a tensor. */
export const isConsumed = ({ node }: Tensor): boolean => node?.isConsumed === true;

/** Target of the gradient by a tensor. */
function targetOf(tensor: Tensor): Target {
  return tensor.node ?? tensor;
}

/** @throws {Error} unless the loss can be differentiated by this tensor. */
function checkTarget(tensor: Tensor): void {
  tensor.check("backward");
  if (tensor.dtype !== "f32")
    throw new Error(`backward: expected f32 tensors to differentiate by, got ${tensor.dtype}`);
  if (!tensor.requiresGrad) {
    throw new Error(
      `backward: expected parameters or tensors computed from them, got a constant of shape ${shapeText(tensor.shape)}`,
    );
  }
}

/** The nodes that the loss depends on, the latest first, and the nodes and parameters on a path from the loss to a target. */
function plan(root: Target, targets: ReadonlySet<Target>): { nodes: AutogradNode[]; needed: ReadonlySet<Edge> } {
  const reached = new Set<AutogradNode>();
  const pending: Target[] = [root];
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    if (!(node instanceof AutogradNode) || reached.has(node)) continue;
    if (node.isConsumed) {
      throw new Error(
        `backward: expected a graph that no backward pass has consumed, got one whose ${node.row.name} is consumed; run the forward pass again`,
      );
    }
    reached.add(node);
    for (const edge of node.edges) if (edge !== undefined) pending.push(edge);
  }
  const nodes = [...reached].sort((a, b) => a.id - b.id);
  const needed = new Set<Edge>(targets);
  for (const node of nodes) if (node.edges.some((edge) => needed.has(edge))) needed.add(node);
  return { nodes: nodes.reverse(), needed };
}

/** Nodes that evaluate their shared rules together. */
interface Group {
  /** A node of the group. */
  readonly representative: AutogradNode;
  /** Number of nodes not visited yet. */
  pending: number;
  /** Visited nodes with their gradients by the output. */
  readonly visited: { readonly node: AutogradNode; readonly dy: Tensor }[];
}

/** Groups the nodes whose shared rules compute a needed gradient. A node that is alone in its group has no entry. */
function groupsOf(nodes: readonly AutogradNode[], needed: ReadonlySet<Edge>): ReadonlyMap<AutogradNode, Group> {
  const groups: Group[] = [];
  const all = new Map<AutogradNode, Group>();
  for (const node of nodes) {
    if (!node.row.sharedRules?.inputs.some((i) => node.edges[i] !== undefined && needed.has(node.edges[i]))) continue;
    const group = groups.find(({ representative }) => sharesRules(representative, node)) ?? {
      representative: node,
      pending: 0,
      visited: [],
    };
    if (group.pending++ === 0) groups.push(group);
    all.set(node, group);
  }
  return new Map([...all].filter(([, { pending }]) => pending > 1));
}

/** Whether two nodes may evaluate their shared rules together. */
function sharesRules(a: AutogradNode, b: AutogradNode): boolean {
  const { sharedRules } = a.row;
  return (
    sharedRules !== undefined &&
    a.row === b.row &&
    a.inputs[0]!.storage === b.inputs[0]!.storage &&
    a.inputs[0]!.shape.join() === b.inputs[0]!.shape.join() &&
    sharedRules.inputs.every((i) => a.edges[i] === b.edges[i]) &&
    sharedRules.key(a.attributes) === sharedRules.key(b.attributes)
  );
}

/** State of a backward pass. */
interface Pass {
  /** Gradients computed so far. */
  readonly gradients: Map<Target, Tensor>;
  /** Targets that the caller asked for. */
  readonly targets: ReadonlySet<Target>;
  /** Nodes and parameters whose gradients are computed. */
  readonly needed: ReadonlySet<Edge>;
  readonly groups: ReadonlyMap<AutogradNode, Group>;
}

/** Applies the gradient rules of one node, adds the results to the gradients of its inputs and consumes the node. */
function visit(node: AutogradNode, { gradients, targets, needed, groups }: Pass): void {
  const dy = gradients.get(node);
  const group = groups.get(node);
  if (dy !== undefined) {
    const isNeeded = (i: number): boolean => node.edges[i] !== undefined && needed.has(node.edges[i]);
    const shared = group ? node.row.sharedRules!.inputs : [];
    scope(() => {
      const context = contextOf(node);
      for (const [i, edge] of node.edges.entries()) {
        if (edge === undefined || !isNeeded(i) || shared.includes(i)) continue;
        const rule = typeof node.row.vjp === "function" ? node.row.vjp : node.row.vjp[i]!;
        accumulate(gradients, edge, rule(dy, context, i));
      }
    });
    if (!targets.has(node)) gradients.delete(node);
    if (group) group.visited.push({ node, dy });
    else release(node, dy, targets);
  } else if (!group) node.consume();
  if (!group || --group.pending > 0) return;
  const { visited, representative } = group;
  scope(() => {
    const terms = visited.map(({ node, dy }) => ({ dy, context: contextOf(node) }));
    if (terms.length === 0) return;
    const { edges } = representative;
    const { inputs, gradients: results } = representative.row.sharedRules!;
    const isNeeded = (i: number): boolean => edges[i] !== undefined && needed.has(edges[i]);
    for (const [j, result] of results(terms, isNeeded).entries())
      if (result) accumulate(gradients, edges[inputs[j]!]!, result);
  });
  for (const { node, dy } of visited.splice(0)) release(node, dy, targets);
}

/** Frees a node's gradient, unless the caller asked for it, and consumes the node. */
function release(node: AutogradNode, dy: Tensor, targets: ReadonlySet<Target>): void {
  if (!targets.has(node)) dy.dispose();
  node.consume();
}

/** Data of a node for its gradient rules. */
function contextOf(node: AutogradNode): BackwardContext<Inputs, unknown> {
  const cache = new Map<string, readonly Tensor[]>();
  return {
    inputs: node.inputs,
    output: node.output,
    attributes: node.attributes,
    saved: node.saved,
    once: (name, make) => {
      const tensors = cache.get(name) ?? make();
      cache.set(name, tensors);
      return tensors;
    },
  };
}

/** Adds a gradient to the sum of an edge's target: in place, unless another tensor shares its elements. */
function accumulate(gradients: Map<Target, Tensor>, edge: Target, gradient: Tensor): void {
  const before = gradients.get(edge);
  if (before === undefined) {
    gradients.set(edge, alias(gradient));
  } else if (before.storage!.references === 1) {
    wasm().axpy(1, gradient.ptr, before.ptr, before.size);
  } else {
    gradients.set(edge, alias(add(before, gradient)));
    before.dispose();
  }
}

/**
 * The result for one tensor of `wrt`, in the current scope: its gradient, a copy if another tensor shares the elements, or zeros.
 *
 * @param returned  Gradients that are results already; extended.
 */
function resultFor(wrt: Tensor, gradient: Tensor | undefined, returned: Set<Tensor>): Tensor {
  if (gradient === undefined) return zeros(wrt.shape);
  if (gradient.storage!.references === 1 && !returned.has(gradient)) {
    returned.add(gradient);
    return addToScope(gradient);
  }
  const copy = zeros(wrt.shape);
  wasm().axpy(1, gradient.ptr, copy.ptr, copy.size);
  return copy;
}
