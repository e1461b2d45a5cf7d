import { inWords } from "@neft/options";
import { noGrad, scope, Tensor, tensor } from "@neft/tensor";
import { type ArrayBackend, type ArrayProduct, computeProduct } from "./array-product.js";
import { evaluate, type Observe, runSteps, type Slots } from "./evaluation.js";
import type { GraphNode, Subgraph, ValueInfo } from "./graph.js";
import { capturesOf, describeNode, listNames } from "./graph.js";
import type { HostArray, HostData } from "./host-array.js";
import { type Model, modelWeights } from "./model.js";
import type { BatchStatistics, RunContext } from "./operators/operator.js";
import { evaluable, type ModelPlan, type Plan, planGraph, planOf, unfused } from "./plan.js";
import { addLocation, checkInputs, inferGraph } from "./shapes.js";
import { noWeights, type Weights } from "./weights.js";

/** Options of `run`. */
export interface RunOptions {
  /** Computes array nodes. Default: exact digital products. */
  readonly backend?: ArrayBackend;
  /** Statistics of batch normalisation: running ("frozen") or those of the batch ("batch"). Default: "frozen". */
  readonly batchNorm?: "frozen" | "batch";
  /** Names of batch normalisations that use running statistics in any case. Default: none. */
  readonly frozenNorms?: ReadonlySet<string>;
  /** Names of additional values to return. A node's name means its first output. Default: none. */
  readonly taps?: readonly string[];
  /** Names of the values to return as outputs. Default: the model's outputs. */
  readonly outputs?: readonly string[];
  /** Tensors in place of parameters, by name and of the same shapes. Default: none. */
  readonly parameters?: ReadonlyMap<string, Tensor> | undefined;
  /** Seed and step of the dropout masks. Default: no dropout. */
  readonly dropout?: { readonly seed: number; readonly step: number } | undefined;
  /** Runs in place of every step's computation; must return the result of `compute`. For measurements. Default: none. */
  readonly observe?: Observe;
}

/** Result of `run`. */
export interface RunResult {
  readonly outputs: Map<string, Tensor>;
  /** Values by the names in `RunOptions.taps`. */
  readonly taps: Map<string, Tensor>;
  /** Statistics of each normalisation that used its batch, in running order. */
  readonly statistics: BatchStatistics[];
}

/**
 * Runs a model forward. Only nodes that the requested values depend on run. Values are freed after their last use,
 * except those that a backward pass needs.
 *
 * @param inputs  The tensor for a model with one input, or tensors by input name.
 * @throws {Error} naming the input or node that doesn't fit.
 */
export function run(
  model: Model,
  inputs: Tensor | Readonly<Record<string, Tensor>>,
  options: RunOptions = {},
): RunResult {
  const feeds = feedsOf(model, inputs);
  checkParameters(model, options.parameters);
  const plan = planOf(model, options);
  const values: Slots = new Array(plan.slots).fill(undefined);
  plan.given.forEach((name, i) => {
    const other = options.parameters?.get(name);
    values[i + 1] = feeds.get(name) ?? other ?? model.parameters.get(name) ?? model.constants.get(name);
  });
  const statistics: BatchStatistics[] = [];
  runSteps(plan, values, contextOf(model, options, statistics), options.observe);
  const pick = (requested: ModelPlan["outputs"]) => new Map(requested.map(([name, slot]) => [name, values[slot]!]));
  return { outputs: pick(plan.outputs), taps: pick(plan.taps), statistics };
}

/**
 * Evaluates a node on constants, outside any model. Parameters and dropout are not available.
 *
 * @throws {Error} naming the node when its inputs don't fit.
 */
export function evaluateConstants(node: GraphNode, inputs: readonly (HostArray | undefined)[]): HostArray[] {
  const context: RunContext = {
    batchNorm: "frozen",
    frozenNorms: new Set(),
    dropout: undefined,
    statistics: [],
    product: (product) => computeProduct(product),
    isParameter: () => false,
    weights: noWeights,
    parameter: (name) => {
      throw new Error(`expected no parameters, got ${inWords(name)}`);
    },
    view: (_, whole) => whole,
    inferGraph,
    runGraph: (graph, outer, given) => runGraph(graph, outer, given, context),
  };
  try {
    return scope(() =>
      noGrad(() => {
        const tensors = inputs.map((input) => input && tensor(input.data, input.shape, input.dtype));
        return evaluate(evaluable(unfused(node), noWeights), tensors, context).map((one) => ({
          dtype: one.dtype,
          shape: [...one.shape],
          data: one.toArray() as HostData,
        }));
      }),
    );
  } catch (error) {
    throw addLocation(error, describeNode(node));
  }
}

/** A graph that a node holds, with what is known of it where the node stands. */
interface Body {
  readonly plan: Plan;
  /** Names where the node stands of the values that the graph reads from outside. */
  readonly captures: ReadonlyMap<string, string>;
  readonly weights: Weights;
}

/** Cache, by the weights where the node stands: the nodes of graphs never change. */
const bodies = new WeakMap<Weights, WeakMap<GraphNode, Map<Subgraph, Body>>>();

function bodyOf(graph: Subgraph, outer: GraphNode, weights: Weights): Body {
  const ofWeights = bodies.get(weights) ?? new WeakMap<GraphNode, Map<Subgraph, Body>>();
  bodies.set(weights, ofWeights);
  const ofNode = ofWeights.get(outer) ?? new Map<Subgraph, Body>();
  ofWeights.set(outer, ofNode);
  const found = ofNode.get(graph) ?? makeBody(graph, outer, weights);
  ofNode.set(graph, found);
  return found;
}

function makeBody(graph: Subgraph, outer: GraphNode, weights: Weights): Body {
  const inside = weights.within(outer, graph);
  return { plan: planGraph(graph, inside), captures: capturesOf(outer, graph), weights: inside };
}

/**
 * Runs a graph that a node holds.
 *
 * @param outer  The node. A weight that it passes to the graph is one draw there, too.
 * @param given  Tensors of the graph's inputs, in order. The last ones are the node's last inputs.
 */
function runGraph(
  graph: Subgraph,
  outer: GraphNode,
  given: readonly (Tensor | undefined)[],
  context: RunContext,
): Tensor[] {
  checkInputs(graph, given);
  const { plan, captures, weights } = bodyOf(graph, outer, context.weights);
  const inner: RunContext = {
    batchNorm: context.batchNorm,
    frozenNorms: context.frozenNorms,
    dropout: context.dropout,
    statistics: context.statistics,
    product: (product) => context.product(inBody(product, outer)),
    isParameter: (name) => context.isParameter(captures.get(name) ?? ""),
    weights,
    parameter: context.parameter,
    view: context.view,
    inferGraph: context.inferGraph,
    runGraph: (one, node, inputs) => runGraph(one, node, inputs, inner),
  };
  const values: Slots = new Array(plan.slots).fill(undefined);
  graph.inputs.forEach((name, i) => {
    values[plan.slotOf.get(name)!] = given[i];
  });
  runSteps(plan, values, inner);
  return graph.outputs.map((name) => values[plan.slotOf.get(name)!]!);
}

/** A product of a graph of a node: the graph may run several times, and says nothing about where the samples are. */
function inBody(product: ArrayProduct, outer: GraphNode): ArrayProduct {
  return { ...product, weight: { ...product.weight, sharedDraw: `a graph of ${describeNode(outer)} reads it` } };
}

/** Context that operators get in a run of a model. */
function contextOf(model: Model, options: RunOptions, statistics: BatchStatistics[]): RunContext {
  const { backend, parameters } = options;
  const context: RunContext = {
    batchNorm: options.batchNorm ?? "frozen",
    frozenNorms: options.frozenNorms ?? new Set(),
    dropout: options.dropout,
    statistics,
    product: (product) => (backend ? backend.product(product) : computeProduct(product)),
    isParameter: (name) => model.parameters.has(name),
    weights: modelWeights(model),
    parameter: (name) => parameters?.get(name) ?? model.parameters.get(name)!,
    view: ({ views }, whole) =>
      views.reduce((x, node) => {
        const rest = node.inputs.slice(1).map((name) => (name === "" ? undefined : model.constants.get(name)!));
        return evaluate(evaluable(unfused(node), noWeights), [x, ...rest], context)[0]!;
      }, whole),
    inferGraph,
    runGraph: (graph, node, inputs) => runGraph(graph, node, inputs, context),
  };
  return context;
}

/** @throws {Error} for a tensor in place of no parameter, or of another shape. */
function checkParameters(model: Model, parameters: RunOptions["parameters"]): void {
  for (const [name, other] of parameters ?? []) {
    const own = model.parameters.get(name);
    const [expected, got] = [own, other].map((one) => one && `${one.dtype} [${one.shape.join(", ")}]`);
    if (expected === undefined)
      throw new Error(`model ${inWords(model.name)}: expected names of parameters, got ${inWords(name)}`);
    if (expected !== got)
      throw new Error(`model ${inWords(model.name)}: parameter ${inWords(name)}: expected ${expected}, got ${got}`);
  }
}

/** Inputs by name, checked against the model's declarations. */
function feedsOf(model: Model, inputs: Tensor | Readonly<Record<string, Tensor>>): Map<string, Tensor> {
  const names = model.inputs.map(({ name }) => name);
  if (inputs instanceof Tensor && names.length !== 1) {
    throw new Error(`model ${inWords(model.name)}: expected inputs by name (${listNames(names)}), got one tensor`);
  }
  const given = inputs instanceof Tensor ? { [names[0]!]: inputs } : inputs;
  for (const name of Object.keys(given)) {
    if (!names.includes(name))
      throw new Error(`model ${inWords(model.name)}: expected inputs ${listNames(names)}, got ${inWords(name)}`);
  }
  const feeds = new Map<string, Tensor>();
  const symbols = new Map<string, number>();
  for (const info of model.inputs) {
    const feed = given[info.name];
    if (feed === undefined)
      throw new Error(`model ${inWords(model.name)}: expected a tensor for input ${inWords(info.name)}, got none`);
    checkFeed(info, feed, symbols);
    feeds.set(info.name, feed);
  }
  return feeds;
}

function checkFeed({ name, dtype, shape }: ValueInfo, feed: Tensor, symbols: Map<string, number>): void {
  const fits =
    feed.shape.length === shape.length && shape.every((n, axis) => typeof n === "string" || n === feed.shape[axis]);
  if (!fits || feed.dtype !== dtype) {
    throw new RangeError(
      `input ${inWords(name)}: expected ${dtype} [${shape.join(", ")}], got ${feed.dtype} [${feed.shape.join(", ")}]`,
    );
  }
  shape.forEach((symbol, axis) => {
    if (typeof symbol !== "string") return;
    const size = symbols.get(symbol) ?? feed.shape[axis]!;
    if (size !== feed.shape[axis]) {
      throw new RangeError(
        `input ${inWords(name)}: expected ${symbol} to be ${size}, as on another axis, got ${feed.shape[axis]}`,
      );
    }
    symbols.set(symbol, size);
  });
}
