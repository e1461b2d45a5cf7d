import { inWords } from "@neft/options";
import { noGrad, scope, Tensor, tensor } from "@neft/tensor";
import type { GraphNode, ValueInfo } from "./graph.js";
import { describeNode, listNames, producersOf } from "./graph.js";
import type { HostArray, HostData } from "./host-array.js";
import { type Model, modelWeights } from "./model.js";
import type { ArrayBackend, BatchStatistics, Fused, RunContext } from "./operators/operator.js";
import { operatorTable } from "./operators/table.js";
import { planOf } from "./plan.js";
import { atNode } from "./shapes.js";

export interface RunOptions {
  /** Computes array nodes; exact digital products when left out. */
  readonly backend?: ArrayBackend;
  /** Whether batch normalisation uses running statistics ("frozen", the default) or the batch's own. */
  readonly batchNorm?: "frozen" | "batch";
  /** Names of batch normalisations that use running statistics even so. */
  readonly frozenNorms?: ReadonlySet<string>;
  /** Names of values, or of nodes for their first output, to return beside the outputs. */
  readonly taps?: readonly string[];
  /** Names of the outputs wanted, or of any other values; all outputs when left out. */
  readonly outputs?: readonly string[];
  /** Where given, Dropout draws masks from this seed and step. */
  readonly dropout?: { readonly seed: number; readonly step: number };
}

export interface RunResult {
  readonly outputs: Map<string, Tensor>;
  /** By the names asked for. */
  readonly taps: Map<string, Tensor>;
  /** One for each batch normalisation, in the order they ran; empty when frozen. */
  readonly statistics: BatchStatistics[];
}

/**
 * Runs a model. Only nodes that the wanted values need run; a value is freed after its last use,
 * but for what a recorded gradient needs of it.
 *
 * @param inputs  A tensor for a model with one input, or one for each by name.
 * @throws {Error} naming the input or node where something does not fit.
 */
export function run(
  model: Model,
  inputs: Tensor | Readonly<Record<string, Tensor>>,
  options: RunOptions = {},
): RunResult {
  const producers = producersOf(model.nodes);
  const values = new Map<string, Tensor>([...model.parameters, ...model.constants, ...feedsOf(model, inputs)]);
  const find = (name: string) => valueNamed(model, producers, values, name);
  const outputs = new Map((options.outputs ?? model.outputs.map(({ name }) => name)).map((name) => [name, find(name)]));
  const taps = new Map((options.taps ?? []).map((name) => [name, find(name)]));
  const wanted = new Set([...outputs.values(), ...taps.values()]);

  const statistics: BatchStatistics[] = [];
  const context = contextOf(model, options, statistics);
  const fuses = options.backend === undefined || options.backend.fuses === true;
  const { steps, lastUse } = planOf(model, wanted, fuses);
  const liveness = new Liveness(lastUse, wanted, values.values());
  for (const { node, ...after } of steps) {
    try {
      const given = node.inputs.map((name) => (name === "" ? undefined : values.get(name)!));
      const results = evaluate(node, given, context, after);
      node.outputs.forEach((name, i) => {
        const result = results[i];
        if (result === undefined)
          throw new Error(`expected at most ${results.length} outputs, got ${node.outputs.length}`);
        if (name !== "") values.set(name, result);
      });
      liveness.after(node, values);
    } catch (error) {
      throw atNode(error, describeNode(node));
    }
  }
  const pick = (names: Map<string, string>) => new Map([...names].map(([name, value]) => [name, values.get(value)!]));
  return { outputs: pick(outputs), taps: pick(taps), statistics };
}

/** Runs one node on tensors: on typed arrays where all inputs are integers, else on the tensor operations. */
function evaluate(
  node: GraphNode,
  inputs: readonly (Tensor | undefined)[],
  context: RunContext,
  after: Fused = { rectified: false, pooled: false },
): readonly Tensor[] {
  const operator = operatorTable.get(node.op)!;
  const integers = inputs.every((input) => input === undefined || input.dtype !== "f32");
  if (operator.elements === null || !integers) return operator.run({ node, inputs, context, ...after });
  const arrays = inputs.map(
    (input) => input && { dtype: input.dtype, shape: input.shape, data: input.values() as HostData },
  );
  return operator.elements({ node, inputs: arrays }).map(({ data, shape, dtype }) => tensor(data, shape, dtype));
}

/**
 * What a node makes of constants, outside any model. Only for nodes without parameters and dropout.
 *
 * @throws {Error} naming the node where its inputs do not fit.
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
  };
  try {
    return scope(() =>
      noGrad(() => {
        const tensors = inputs.map((input) => input && tensor(input.data, input.shape, input.dtype));
        return evaluate(node, tensors, context).map((one) => ({
          dtype: one.dtype,
          shape: [...one.shape],
          data: one.toArray() as HostData,
        }));
      }),
    );
  } catch (error) {
    throw atNode(error, describeNode(node));
  }
}

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
        return evaluate(node, [x, ...rest], context)[0]!;
      }, whole),
  };
  return context;
}

/** The inputs by name, checked against what the model declares. */
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
        throw new Error(`model ${inWords(model.name)}: expected input ${inWords(info.name)} to be given, got none`);
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
        `input ${inWords(name)}: expected ${symbol} to be ${size} as in other inputs, got ${feed.shape[axis]}`,
      );
    }
    symbols.set(symbol, size);
  });
}

/** A value by its own name or, failing that, the first output of the node of that name. */
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
 * Frees values after their last use; what a recorded gradient needs of them stays until its backward pass. Operators may
 * return an input as their output, so a tensor is freed when the last of its names is done with.
 */
class Liveness {
  readonly #lastUse: ReadonlyMap<string, GraphNode>;
  readonly #kept: ReadonlySet<string>;
  /** Inputs, parameters and constants: not this run's to free. */
  readonly #foreign: ReadonlySet<Tensor>;
  /** How many living names each tensor of this run has. */
  readonly #names = new Map<Tensor, number>();

  constructor(lastUse: ReadonlyMap<string, GraphNode>, kept: ReadonlySet<string>, foreign: Iterable<Tensor>) {
    this.#lastUse = lastUse;
    this.#kept = kept;
    this.#foreign = new Set(foreign);
  }

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
