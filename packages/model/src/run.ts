import { inWords } from "@neft/options";
import { noGrad, scope, Tensor, tensor } from "@neft/tensor";
import { weightUses } from "./array-node.js";
import type { Step } from "./fusion.js";
import type { GraphNode, Subgraph, ValueInfo } from "./graph.js";
import { capturesOf, describeNode, listNames, producersOf } from "./graph.js";
import type { HostArray, HostData } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import { type Model, modelWeights } from "./model.js";
import {
  type ArrayBackend,
  type BatchStatistics,
  type Fused,
  type RunContext,
  valuesOf,
} from "./operators/operator.js";
import { lastUses, planOf } from "./plan.js";
import { addLocation, checkInputs, inferGraph } from "./shapes.js";

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
  /** Seed and step of the dropout masks. Default: no dropout. */
  readonly dropout?: { readonly seed: number; readonly step: number } | undefined;
  /** Runs in place of every step's computation; must return the result of `compute`. For measurements. Default: none. */
  readonly observe?: (step: Step, compute: () => readonly Tensor[]) => readonly Tensor[];
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
  const made = producersIn(model);
  const values = new Map<string, Tensor>([...model.parameters, ...model.constants, ...feedsOf(model, inputs)]);
  const find = (name: string) => valueNamed(model, made, values, name);
  const outputs = new Map((options.outputs ?? model.outputs.map(({ name }) => name)).map((name) => [name, find(name)]));
  const taps = new Map((options.taps ?? []).map((name) => [name, find(name)]));
  const wanted = new Set([...outputs.values(), ...taps.values()]);

  const statistics: BatchStatistics[] = [];
  const context = contextOf(model, options, statistics);
  const fuses = options.backend === undefined || options.backend.fuses === true;
  const { steps, lastUse } = planOf(model, wanted, fuses);
  const liveness = new Liveness(lastUse, wanted, values.values());
  const { observe } = options;
  for (const step of steps) {
    const { node } = step;
    try {
      const given = node.inputs.map((name) => (name === "" ? undefined : values.get(name)!));
      const compute = () => evaluate(step, given, context);
      const results = observe ? observe(step, compute) : compute();
      node.outputs.forEach((name, i) => {
        const result = results[i];
        if (result === undefined)
          throw new Error(`expected at most ${results.length} outputs, got ${node.outputs.length}`);
        if (name !== "") values.set(name, result);
      });
      liveness.after(node, values);
    } catch (error) {
      throw addLocation(error, describeNode(node));
    }
  }
  const pick = (names: Map<string, string>) => new Map([...names].map(([name, value]) => [name, values.get(value)!]));
  return { outputs: pick(outputs), taps: pick(taps), statistics };
}

/** Caches: nodes of models and graphs never change. */
const producers = new WeakMap<Model, ReadonlyMap<string, GraphNode>>();
const lastUsesOfGraphs = new WeakMap<Subgraph, ReadonlyMap<string, GraphNode>>();

function producersIn(model: Model): ReadonlyMap<string, GraphNode> {
  const found = producers.get(model) ?? producersOf(model.nodes);
  producers.set(model, found);
  return found;
}

function lastUsesIn(graph: Subgraph): ReadonlyMap<string, GraphNode> {
  const found = lastUsesOfGraphs.get(graph) ?? lastUses(graph.nodes);
  lastUsesOfGraphs.set(graph, found);
  return found;
}

/** A step's node runs alone. */
const unfused: Fused = { rectified: false, pooled: false };

/** Runs one step on tensors: through typed arrays when all inputs are integers, else through tensor operations. */
function evaluate(
  { node, rectified, pooled }: Step,
  inputs: readonly (Tensor | undefined)[],
  context: RunContext,
): readonly Tensor[] {
  const row = operatorOf(node);
  const attributes = valuesOf(row, node);
  const integers = inputs.every((input) => input === undefined || input.dtype !== "f32");
  if (row.integers === null || !integers) {
    const arrays = weightUses(node, context.weightOf).map(({ input }) => input);
    return row.run(inputs as readonly Tensor[], attributes, { node, inputs, context, arrays, rectified, pooled });
  }
  const arrays = inputs.map(
    (input) => input && { dtype: input.dtype, shape: input.shape, data: input.values() as HostData },
  );
  return row
    .integers(arrays as readonly HostArray[], attributes, { node, inputs: arrays })
    .map(({ data, shape, dtype }) => tensor(data, shape, dtype));
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
    product: ({ weight, digital }) => digital(weight),
    isParameter: () => false,
    weightOf: () => undefined,
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
        return evaluate({ node, ...unfused }, tensors, context).map((one) => ({
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
  const captures = capturesOf(outer, graph);
  const inner: RunContext = {
    ...context,
    isParameter: (name) => context.isParameter(captures.get(name) ?? ""),
    weightOf: (name) => context.weightOf(captures.get(name) ?? ""),
    product: (call) =>
      context.product({
        ...call,
        digital: (weight, variation) => {
          // A body may run several times, and says nothing about where the samples are.
          if (variation?.perSample !== true) return call.digital(weight, variation);
          throw new RangeError(
            `parameter ${inWords(call.weightName)}: expected one draw for all samples where a graph of ${describeNode(outer)} reads it, got perSample`,
          );
        },
      }),
  };
  const values = new Map(graph.inputs.flatMap((name, i) => (given[i] ? [[name, given[i]] as const] : [])));
  const liveness = new Liveness(lastUsesIn(graph), new Set(graph.outputs), values.values());
  for (const node of graph.nodes) {
    try {
      const inputs = node.inputs.map((name) => (name === "" ? undefined : values.get(name)));
      const results = evaluate({ node, ...unfused }, inputs, inner);
      node.outputs.forEach((name, i) => {
        if (name !== "") values.set(name, results[i]!);
      });
      liveness.after(node, values);
    } catch (error) {
      throw addLocation(error, describeNode(node));
    }
  }
  return graph.outputs.map((name) => values.get(name)!);
}

/** Context that operators get in a run of a model. */
function contextOf(model: Model, options: RunOptions, statistics: BatchStatistics[]): RunContext {
  const { backend } = options;
  const context: RunContext = {
    batchNorm: options.batchNorm ?? "frozen",
    frozenNorms: options.frozenNorms ?? new Set(),
    dropout: options.dropout,
    statistics,
    product: (call) => (backend ? backend.product(call) : call.digital(call.weight)),
    isParameter: (name) => model.parameters.has(name),
    weightOf: modelWeights(model),
    parameter: (name) => model.parameters.get(name)!,
    view: ({ views }, whole) =>
      views.reduce((x, node) => {
        const rest = node.inputs.slice(1).map((name) => (name === "" ? undefined : model.constants.get(name)!));
        return evaluate({ node, ...unfused }, [x, ...rest], context)[0]!;
      }, whole),
    inferGraph,
    runGraph: (graph, node, inputs) => runGraph(graph, node, inputs, context),
  };
  return context;
}

/** Inputs by name, checked against the model's declarations. */
function feedsOf(model: Model, inputs: Tensor | Readonly<Record<string, Tensor>>): Map<string, Tensor> {
  const names = model.inputs.map(({ name }) => name);
  if (inputs instanceof Tensor && names.length !== 1) {
    throw new Error(`model ${inWords(model.name)}: expected inputs by name (${listNames(names)}), got one tensor`);
  }
  const feeds = inputs instanceof Tensor ? { [names[0]!]: inputs } : inputs;
  for (const name of Object.keys(feeds)) {
    if (!names.includes(name))
      throw new Error(`model ${inWords(model.name)}: expected inputs ${listNames(names)}, got ${inWords(name)}`);
  }
  const symbols = new Map<string, number>();
  return new Map(
    model.inputs.map((info) => {
      const feed = feeds[info.name];
      if (feed === undefined)
        throw new Error(`model ${inWords(model.name)}: expected a tensor for input ${inWords(info.name)}, got none`);
      checkFeed(info, feed, symbols);
      return [info.name, feed];
    }),
  );
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

/** Resolves a name: a value, else the first output of the node with that name. */
function valueNamed(
  model: Model,
  producers: ReadonlyMap<string, GraphNode>,
  given: ReadonlyMap<string, Tensor>,
  name: string,
): string {
  if (producers.has(name) || given.has(name)) return name;
  const node = model.nodes.find((one) => one.name === name);
  if (node !== undefined) return node.outputs[0]!;
  throw new Error(
    `model ${inWords(model.name)}: expected a value or node of ${listNames(producers.keys())}, got ${inWords(name)}`,
  );
}

/**
 * Frees values after their last use. A backward pass keeps what it needs. Operators may return an input as their
 * output, so a tensor is freed when the last of its names is no longer used.
 */
class Liveness {
  readonly #lastUse: ReadonlyMap<string, GraphNode>;
  readonly #kept: ReadonlySet<string>;
  /** Inputs, parameters and constants, which the run doesn't own. */
  readonly #foreign: ReadonlySet<Tensor>;
  /** Number of names in use for each tensor of the run. */
  readonly #names = new Map<Tensor, number>();

  constructor(lastUse: ReadonlyMap<string, GraphNode>, kept: ReadonlySet<string>, foreign: Iterable<Tensor>) {
    this.#lastUse = lastUse;
    this.#kept = kept;
    this.#foreign = new Set(foreign);
  }

  /** Frees the values whose last use was this node. */
  after(node: GraphNode, values: Map<string, Tensor>): void {
    for (const name of node.outputs) {
      const value = values.get(name);
      if (value !== undefined && !this.#foreign.has(value)) this.#names.set(value, (this.#names.get(value) ?? 0) + 1);
    }
    for (const name of new Set([...node.inputs, ...node.outputs])) {
      if (name !== "" && this.#lastUse.get(name) === node && !this.#kept.has(name)) this.#release(name, values);
    }
  }

  #release(name: string, values: Map<string, Tensor>): void {
    const value = values.get(name);
    const names = value && this.#names.get(value);
    if (value === undefined || names === undefined) return;
    values.delete(name);
    this.#names.set(value, names - 1);
    if (names === 1) value.dispose();
  }
}
