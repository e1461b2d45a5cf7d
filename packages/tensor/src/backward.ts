import { wasm } from "@neft/kernels";
import { type Edge, GraphNode, noGrad } from "./graph.js";
import type { Context, Inputs } from "./operation.js";
import { add } from "./operations/arithmetic.js";
import { scope } from "./scope.js";
import { shapeText } from "./shape.js";
import { alias, full, owned, type Tensor, zeros } from "./tensor.js";

type Target = GraphNode | Tensor;

/**
 * Gradients of `loss` by every tensor of `wrt`, in that order and in the current scope; zeros where the loss doesn't
 * depend on it.
 *
 * The recorded steps are used up: gradients and what was kept for them are freed as soon as nothing needs them, and a
 * second backward pass through the same steps is an error. Tensors the program holds stay readable.
 *
 * @throws {Error} when the loss isn't one f32 number computed from parameters, or a tensor of `wrt` has no gradient.
 */
export function backward(loss: Tensor, wrt: readonly Tensor[]): Tensor[] {
  loss.check("backward");
  if (loss.size !== 1) throw new Error(`backward: expected a loss of one element, got shape ${shapeText(loss.shape)}`);
  for (const tensor of wrt) checkTarget(tensor);
  const root: Target = loss.node ?? loss;
  if (!loss.requiresGrad) {
    throw new Error("backward: expected a loss computed from parameters, got a constant; was it made inside noGrad()?");
  }
  const targets = new Set<Target>(wrt.map(targetOf));
  const { steps, needed } = plan(root, targets);
  const sums = sumsOf(steps, needed);
  const gradients = new Map<Target, Tensor>();
  const given = new Set<Tensor>();
  // Steps hold each other: without a hold of our own, one whose output is gone would be freed before its turn.
  for (const step of steps) step.retain();
  try {
    noGrad(() => {
      gradients.set(
        root,
        scope(() => alias(full(loss.shape, 1))),
      );
      for (const step of steps) visit(step, { gradients, targets, needed, sums });
    });
    return wrt.map((tensor) => result(gradients.get(targetOf(tensor)), tensor, given));
  } finally {
    for (const step of steps) step.release();
    for (const gradient of gradients.values()) if (!given.has(gradient)) gradient.dispose();
    for (const { held } of sums.values()) for (const { step, dy } of held) if (!targets.has(step)) dy.dispose();
  }
}

function targetOf(tensor: Tensor): Target {
  return tensor.node ?? tensor;
}

function checkTarget(tensor: Tensor): void {
  tensor.check("backward");
  if (tensor.dtype !== "f32")
    throw new Error(`backward: expected f32 tensors to differentiate by, got ${tensor.dtype}`);
  if (!tensor.requiresGrad) {
    throw new Error(
      `backward: expected parameters or results of them, got a constant of shape ${shapeText(tensor.shape)}`,
    );
  }
}

/** Steps behind the loss, the latest first, and what lies on a way from the loss to a target. */
function plan(root: Target, targets: ReadonlySet<Target>): { steps: GraphNode[]; needed: ReadonlySet<Edge> } {
  const reached = new Set<GraphNode>();
  const pending: Target[] = [root];
  for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
    if (!(at instanceof GraphNode) || reached.has(at)) continue;
    if (at.isConsumed) {
      throw new Error(
        `backward: expected a fresh graph, got one whose step ${at.row.name} an earlier backward pass used up`,
      );
    }
    reached.add(at);
    for (const edge of at.edges) if (edge !== undefined) pending.push(edge);
  }
  const steps = [...reached].sort((a, b) => a.id - b.id);
  const needed = new Set<Edge>(targets);
  for (const step of steps) if (step.edges.some((edge) => needed.has(edge))) needed.add(step);
  return { steps: steps.reverse(), needed };
}

/** Steps whose weights' rules take all their dys at once. */
interface Sum {
  readonly like: GraphNode;
  /** Steps that are still to be visited. */
  left: number;
  /** Those that have been, with their dys. */
  readonly held: { readonly step: GraphNode; readonly dy: Tensor }[];
}

/** The sums that steps belong to, where there is more than one. */
function sumsOf(steps: readonly GraphNode[], needed: ReadonlySet<Edge>): ReadonlyMap<GraphNode, Sum> {
  const sums: Sum[] = [];
  const all = new Map<GraphNode, Sum>();
  for (const step of steps) {
    if (!step.row.together?.rules.some((i) => step.edges[i] !== undefined && needed.has(step.edges[i]))) continue;
    const sum = sums.find(({ like }) => isAlike(like, step)) ?? { like: step, left: 0, held: [] };
    if (sum.left++ === 0) sums.push(sum);
    all.set(step, sum);
  }
  return new Map([...all].filter(([, { left }]) => left > 1));
}

function isAlike(a: GraphNode, b: GraphNode): boolean {
  const { together } = a.row;
  return (
    together !== undefined &&
    a.row === b.row &&
    a.inputs[0]!.storage === b.inputs[0]!.storage &&
    a.inputs[0]!.shape.join() === b.inputs[0]!.shape.join() &&
    together.rules.every((i) => a.edges[i] === b.edges[i]) &&
    together.key(a.attributes) === together.key(b.attributes)
  );
}

/** What a backward pass holds. */
interface Pass {
  readonly gradients: Map<Target, Tensor>;
  readonly targets: ReadonlySet<Target>;
  readonly needed: ReadonlySet<Edge>;
  readonly sums: ReadonlyMap<GraphNode, Sum>;
}

/** Pulls the gradient of one step's output back to its inputs and frees what only this needed. */
function visit(node: GraphNode, { gradients, targets, needed, sums }: Pass): void {
  const dy = gradients.get(node);
  const sum = sums.get(node);
  if (dy !== undefined) {
    const isNeeded = (i: number): boolean => node.edges[i] !== undefined && needed.has(node.edges[i]);
    const rules = sum ? node.row.together!.rules : [];
    scope(() => {
      const context = contextOf(node);
      for (const [i, edge] of node.edges.entries()) {
        if (edge === undefined || !isNeeded(i) || rules.includes(i)) continue;
        const rule = typeof node.row.vjp === "function" ? node.row.vjp : node.row.vjp[i]!;
        accumulate(gradients, edge, rule(dy, context, i));
      }
    });
    if (!targets.has(node)) gradients.delete(node);
    if (sum) sum.held.push({ step: node, dy });
    else release(node, dy, targets);
  } else if (!sum) node.consume();
  if (!sum || --sum.left > 0) return;
  const { held, like } = sum;
  scope(() => {
    const terms = held.map(({ step, dy }) => ({ dy, context: contextOf(step) }));
    if (terms.length === 0) return;
    const { rules, gradients: results } = like.row.together!;
    const isNeeded = (i: number): boolean => like.edges[i] !== undefined && needed.has(like.edges[i]);
    for (const [j, result] of results(terms, isNeeded).entries())
      if (result) accumulate(gradients, like.edges[rules[j]!]!, result);
  });
  for (const { step, dy } of held.splice(0)) release(step, dy, targets);
}

/** Frees a step's gradient, unless it was asked for, and what the step kept. */
function release(step: GraphNode, dy: Tensor, targets: ReadonlySet<Target>): void {
  if (!targets.has(step)) dy.dispose();
  step.consume();
}

function contextOf(node: GraphNode): Context<Inputs, unknown> {
  const shared = new Map<string, readonly Tensor[]>();
  return {
    inputs: node.inputs,
    output: node.output,
    attributes: node.attributes,
    saved: node.saved,
    once: (what, make) => {
      const tensors = shared.get(what) ?? make();
      shared.set(what, tensors);
      return tensors;
    },
  };
}

/** Adds a gradient to what came along other edges: in place, unless something else shares the elements. */
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

/** The gradient as a tensor of its own: results never share elements. */
function result(gradient: Tensor | undefined, wrt: Tensor, given: Set<Tensor>): Tensor {
  if (gradient === undefined) return zeros(wrt.shape);
  if (gradient.storage!.references === 1 && !given.has(gradient)) {
    given.add(gradient);
    return owned(gradient);
  }
  const copy = zeros(wrt.shape);
  wasm().axpy(1, gradient.ptr, copy.ptr, copy.size);
  return copy;
}
