import { inWords } from "@neft/options";
import { weightUses } from "./array-node.js";
import { fuseNodes, type Step } from "./fusion.js";
import { describeNode, type GraphNode, listNames, producersOf, type Subgraph } from "./graph.js";
import { operatorOf } from "./known-operators.js";
import { type Model, modelWeights } from "./model.js";
import { type Operator, valuesOf } from "./operators/operator.js";
import { addLocation } from "./shapes.js";
import type { Weights } from "./weights.js";

// A run has thousands of small steps a second, so all that its tensors don't decide is found once. Values stand in a list
// by slot: the given ones first, then the results.

/** A node with what its evaluation needs to know. */
export interface Evaluable extends Step {
  readonly row: Operator;
  /** Values of the attributes that the row reads. */
  readonly attributes: ReturnType<typeof valuesOf>;
  /** Indices of the inputs that are weights on crossbars. */
  readonly arrays: readonly number[];
}

/** A step of a plan. */
export interface PlannedStep extends Evaluable {
  /** Slots. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Slots that no later step reads, of values that steps computed. */
  readonly freed: readonly number[];
}

/** Slot of the absent value. */
export const absent = 0;

/** Steps that compute some values of a graph. */
export interface Plan {
  readonly steps: readonly PlannedStep[];
  /** Names of the given values that it reads or returns. They have the slots from 1 on. */
  readonly given: readonly string[];
  /** Number of slots. */
  readonly slots: number;
  /** Slot of each value. */
  readonly slotOf: ReadonlyMap<string, number>;
}

/** Plan of a run of a model. */
export interface ModelPlan extends Plan {
  /** Requested names, and the slots of their values. */
  readonly outputs: readonly (readonly [name: string, slot: number])[];
  readonly taps: readonly (readonly [name: string, slot: number])[];
}

/** What is requested of a run, by name. Default of `outputs`: the model's. */
interface Requested {
  readonly outputs?: readonly string[] | undefined;
  readonly taps?: readonly string[] | undefined;
}

/** Cache: a model's nodes never change, and few sets of values are requested. */
const plans = new WeakMap<Model, Map<string, ModelPlan>>();

/**
 * Plan that computes the requested values.
 *
 * @throws {Error} for a requested name that no value or node has.
 */
export function planOf(model: Model, { outputs, taps }: Requested): ModelPlan {
  const known = plans.get(model) ?? new Map<string, ModelPlan>();
  plans.set(model, known);
  const key = JSON.stringify([outputs, taps]);
  const plan = known.get(key) ?? planModel(model, outputs ?? model.outputs.map(({ name }) => name), taps ?? []);
  known.set(key, plan);
  return plan;
}

function planModel(model: Model, outputs: readonly string[], taps: readonly string[]): ModelPlan {
  const given = new Set([
    ...model.inputs.map(({ name }) => name),
    ...model.parameters.keys(),
    ...model.constants.keys(),
  ]);
  const made = producersOf(model.nodes);
  const resolve = (name: string): string => {
    if (given.has(name) || made.has(name)) return name;
    const node = model.nodes.find((one) => one.name === name);
    if (node !== undefined) return node.outputs[0]!;
    throw new Error(
      `model ${inWords(model.name)}: expected a value or node of ${listNames(made.keys())}, got ${inWords(name)}`,
    );
  };
  const wanted = new Set([...outputs, ...taps].map(resolve));
  const steps = fuseNodes(neededNodes(model.nodes, wanted), wanted);
  const read = new Set([...steps.flatMap(({ node }) => node.inputs), ...wanted]);
  const plan = planSteps(
    steps,
    [...given].filter((name) => read.has(name)),
    wanted,
    modelWeights(model),
  );
  const slotsOf = (names: readonly string[]) => names.map((name) => [name, plan.slotOf.get(resolve(name))!] as const);
  const { steps: planned, given: used, slots, slotOf } = plan;
  return { steps: planned, given: used, slots, slotOf, outputs: slotsOf(outputs), taps: slotsOf(taps) };
}

/** Plan of all nodes of a graph that a node holds, given all its inputs. */
export function planGraph(graph: Subgraph, weights: Weights): Plan {
  const steps = graph.nodes.map(unfused);
  return planSteps(steps, graph.inputs, new Set(graph.outputs), weights);
}

/** A step that runs a node alone. */
export const unfused = (node: GraphNode): Step => ({ node, rectified: false, pooled: false });

/** @throws {Error} naming the node when its operator is unknown or its attributes don't fit. */
export function evaluable({ node, rectified, pooled }: Step, weights: Weights): Evaluable {
  try {
    const row = operatorOf(node);
    const arrays = weightUses(node, weights).map(({ input }) => input);
    return { node, rectified, pooled, row, attributes: valuesOf(row, node), arrays };
  } catch (error) {
    throw addLocation(error, describeNode(node));
  }
}

/** Gives values their slots and finds where each is read last. */
function planSteps(
  steps: readonly Step[],
  given: readonly string[],
  wanted: ReadonlySet<string>,
  weights: Weights,
): Plan {
  const slotOf = new Map<string, number>([["", absent]]);
  const slot = (name: string): number => {
    const known = slotOf.get(name) ?? slotOf.size;
    slotOf.set(name, known);
    return known;
  };
  for (const name of given) slot(name);
  const kept = new Set([...slotOf.keys(), ...wanted]);
  const nodes = steps.map(({ node }) => node);
  const last = lastUses(nodes);
  const planned = steps.map((step): PlannedStep => {
    const { node } = step;
    const used = new Set([...node.inputs, ...node.outputs]);
    const dead = [...used].filter((name) => !kept.has(name) && last.get(name) === node);
    return {
      ...evaluable(step, weights),
      inputs: node.inputs.map(slot),
      outputs: node.outputs.map(slot),
      freed: dead.map(slot),
    };
  });
  return { steps: planned, given, slots: slotOf.size, slotOf };
}

/** The last node that reads or produces each value. */
function lastUses(nodes: readonly GraphNode[]): Map<string, GraphNode> {
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
