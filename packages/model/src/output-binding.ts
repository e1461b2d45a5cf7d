import { inWords } from "@neft/options";
import { freshNames, samplesToAxes, samplesToRows } from "./batch-axes.js";
import { nodeReadingBatchSize } from "./batch-size.js";
import { areRows, type BatchProbe, freeBatch, probe, probeBatch, type ShapeGraph, whyNotRows } from "./batching.js";
import { copyViews, fixedValues, outputNamed, scalarsOf, shapeGraph, withSqueezeAxes } from "./binding.js";
import { batchAxis } from "./builder.js";
import { constant } from "./constant.js";
import { describeNode, type GraphNode, listNames, producersOf, type ValueInfo } from "./graph.js";
import type { HostArray } from "./host-array.js";
import { findLogits, probabilityNodesBefore } from "./logits.js";
import { arrayNodes, Model } from "./model.js";
import { MixedError } from "./operators/tracks.js";

/** What a sample is at one input. */
export interface InputSample {
  /** Its shape, without a batch axis. */
  readonly shape: readonly number[];
  /** The input's axis with the samples of a batch. Undefined: a sample fills the whole input, so that the network runs sample by sample. */
  readonly axis: number | undefined;
  /** The value of the whole input in all runs: the bound network has this constant in place of the input. */
  readonly shared?: HostArray | undefined;
}

/** An output of a bound network. */
export interface BoundOutput {
  /** Name of the network's output. */
  readonly name: string;
  /** Name of the value to read: the output, or the class scores before its softmax. */
  readonly value: string;
  /** Whether its first axis has one entry per sample of a batch; otherwise it belongs to the batch as a whole. */
  readonly hasRows: boolean;
}

/** A network bound to samples, whose outputs may have any shape. */
export interface BoundOutputs {
  /** The same parameters in a graph that computes `outputs` alone, from inputs with the samples' shapes and a batch on axis 0. */
  readonly model: Model;
  readonly outputs: readonly BoundOutput[];
  /** The only batch size that the network runs at, and why; undefined if it runs at any. */
  readonly fixed: { readonly batch: number; readonly reason: string } | undefined;
  /** Softmaxes and sigmoids whose inputs were asked for and can't be read, one sentence each. */
  readonly probabilities: readonly string[];
  /** Frees the tensors that were added. The original model's tensors stay. */
  dispose(): void;
}

/** A graph with a batch size that it accepts. */
interface Batched {
  readonly nodes: readonly GraphNode[];
  readonly added: ReadonlyMap<string, HostArray>;
  readonly probe: BatchProbe;
  readonly fixed: BoundOutputs["fixed"];
}

/**
 * Binds a network, with any number of inputs, to samples; its outputs may have any shape.
 *
 * It runs at any batch size where each output has one independent row per sample. Otherwise it runs at the batch size of its file, or
 * sample by sample if the file leaves that open: a network that mixes the samples of a batch can't mix those of a batch of one. Inputs
 * and outputs with the samples on another axis than 0 are transposed in the bound graph.
 *
 * @param samples  What a sample is at each input, by the input's name.
 * @param output  Name of an output. Default: all of floats.
 * @param logits  Reads the scores before a final softmax or sigmoid in place of an output, where there is one.
 * @throws {RangeError} when the samples don't fit, no output has floats, or an output's shape depends on data.
 */
export function bindOutputs(
  model: Model,
  samples: ReadonlyMap<string, InputSample>,
  { output, logits = false }: { readonly output?: string | undefined; readonly logits?: boolean } = {},
): BoundOutputs {
  const names = output === undefined ? model.outputs.map(({ name }) => name) : [outputNamed(model, output)];
  const batch = batchSize(model, samples);
  const own = model.inputs.filter(({ name }) => samples.get(name)!.shared === undefined);
  const inputs = own.map((input): ValueInfo => {
    const { shape, axis } = samples.get(input.name)!;
    return { ...input, shape: axis === undefined ? shape : [batch.length, ...shape] };
  });
  const fresh = freshNames([...model.nodes.flatMap(({ name, outputs }) => [name, ...outputs]), ...namesOf(model)]);
  const whole = { ...sharing(shapeGraph(model, names), samples), inputs, nodes: movedNodes(model, samples, fresh) };
  const floats = floatOutputs(model, { ...whole, nodes: nodesFor(whole.nodes, names) }, batch.first);
  const read = readValues(model, { ...whole, outputs: floats, nodes: nodesFor(whole.nodes, floats) }, batch, {
    logits,
    fresh,
  });
  const { graph } = read;
  const batched = batchedGraph(graph, batch);
  const tensors = new Map(batched.added);
  const nodes = batched.fixed ? batched.nodes : withSqueezeAxes(batched, tensors);
  const { known } =
    tensors.size === 0
      ? batched.probe
      : probe({ ...graph, nodes, fixed: fixedValues(graph, tensors) }, batched.probe.size);
  for (const [name, { shared }] of samples) if (shared) tensors.set(name, shared);
  const added = [...tensors].map(([key, array]) => [key, constant(array)] as const);
  const size = batched.fixed?.batch ?? batchAxis;
  const outputs = floats.map((name, i): BoundOutput => {
    const value = graph.outputs[i]!;
    return { name, value, hasRows: hasRows(batched, value) };
  });
  return {
    model: new Model({
      name: model.name,
      inputs: inputs.map((input) =>
        samples.get(input.name)!.axis === undefined ? input : { ...input, shape: [size, ...input.shape.slice(1)] },
      ),
      outputs: outputs.map(({ value, hasRows }) => {
        const { shape } = known.get(value)!;
        return { name: value, dtype: "f32", shape: hasRows ? [size, ...shape.slice(1)] : shape };
      }),
      nodes: nodesFor(nodes, graph.outputs),
      parameters: model.parameters,
      constants: new Map([...model.constants, ...added]),
    }),
    outputs,
    fixed: batched.fixed,
    probabilities: read.probabilities,
    dispose: () => {
      for (const [, tensor] of added) tensor.dispose();
    },
  };
}

const namesOf = ({ inputs, parameters, constants }: Model): string[] => [
  ...inputs.map(({ name }) => name),
  ...parameters.keys(),
  ...constants.keys(),
];

/** A graph in which inputs that all samples share are fixed tensors. */
function sharing(graph: ShapeGraph, samples: ReadonlyMap<string, InputSample>): ShapeGraph {
  const shared = [...samples].flatMap(([name, { shared }]) => (shared ? [[name, shared] as const] : []));
  return { ...graph, fixed: fixedValues(graph, new Map(shared)) };
}

/** A model's nodes, which read the samples of a batch on the axes that they expect. */
function movedNodes(
  { inputs, nodes }: Model,
  samples: ReadonlyMap<string, InputSample>,
  fresh: (wanted: string) => string,
): GraphNode[] {
  const axes = inputs.flatMap(({ name }) => {
    const { axis, shape } = samples.get(name)!;
    return axis === undefined ? [] : [[name, { rank: shape.length + 1, axis }] as const];
  });
  return samplesToAxes(nodes, new Map(axes), fresh);
}

/**
 * Makes the values to read the outputs of a graph: with `logits`, the scores before a final softmax or sigmoid, with all nodes that
 * rearrange them after it; in each, samples on axis 0 where they are on one axis.
 */
function readValues(
  model: Model,
  graph: ShapeGraph,
  batch: SharedBatch,
  { logits, fresh }: { readonly logits: boolean; readonly fresh: (wanted: string) => string },
): { readonly graph: ShapeGraph; readonly probabilities: readonly string[] } {
  let scored = graph;
  let known = firstProbe(graph, batch);
  const probabilities: string[] = [];
  if (logits) {
    const nodes = [...graph.nodes];
    const search = { nodes: graph.nodes, probe: known, scalar: scalarsOf(model) };
    const arrays = new Set(arrayNodes(model).map(({ node }) => node.name));
    const products = new Set(nodes.filter(({ name }) => arrays.has(name)));
    const outputs = graph.outputs.map((name) => {
      const { base, views } = findLogits(search, name);
      const [copies, value] = copyViews(views, base, fresh);
      nodes.push(...copies);
      probabilities.push(...probabilityNodesBefore(search, base, products).map(describeNode));
      return value;
    });
    scored = { ...graph, nodes, outputs };
    known = firstProbe(scored, batch);
  }
  // A network that runs sample by sample needs no rows.
  return { graph: batch.reason === undefined ? samplesToRows(scored, known, fresh) : scored, probabilities };
}

/** Shapes at a batch that tells the samples from other axes, if the graph takes such a batch, else at one that its file accepts. */
function firstProbe(graph: ShapeGraph, { length, first }: SharedBatch): BatchProbe {
  if (typeof length === "string") {
    const any = probe(graph, probeBatch);
    if (any.shapeError === undefined) return any;
  }
  return probe({ ...graph, inputs: graph.inputs.map((input) => sized(input, first)) }, first);
}

/** The batch axis that all inputs share. */
interface SharedBatch {
  /** Its length in the file, or a symbol. */
  readonly length: number | string;
  /** A batch size that the file accepts. */
  readonly first: number;
  /** Why the network runs sample by sample; undefined if the file decides. */
  readonly reason: string | undefined;
}

/** @throws {RangeError} for inputs whose batch sizes differ, or that have no sample. */
function batchSize({ name, inputs }: Model, samples: ReadonlyMap<string, InputSample>): SharedBatch {
  const missing = inputs.filter((input) => !samples.has(input.name));
  if (inputs.length === 0 || missing.length > 0) {
    const expected = inputs.length === 0 ? "a network with an input" : "samples for each input";
    const got = inputs.length === 0 ? "none" : `none for ${listNames(missing.map((input) => input.name))}`;
    throw new RangeError(`model ${inWords(name)}: expected ${expected}, got ${got}`);
  }
  const own = inputs.filter((input) => samples.get(input.name)!.shared === undefined);
  const axisOf = (input: ValueInfo): number | undefined => samples.get(input.name)!.axis;
  const whole = own.find((input) => axisOf(input) === undefined);
  const batched = own.filter((input) => axisOf(input) !== undefined);
  const lengths = batched.map((input) => input.shape[axisOf(input)!]);
  const sizes = [...new Set(lengths.filter((length) => typeof length === "number"))];
  if (sizes.length > 1 || sizes.includes(0)) {
    const all = batched.map(
      (input, i) => `${lengths[i]} on axis ${axisOf(input)} of ${inWords(input.name)} [${input.shape.join(", ")}]`,
    );
    throw new RangeError(`model ${inWords(name)}: expected one batch size ≥ 1 for all inputs, got ${all.join(", ")}`);
  }
  if (whole !== undefined && sizes.length === 1 && sizes[0] !== 1) {
    throw new RangeError(
      `input ${inWords(whole.name)}: expected samples with a batch axis, as other inputs have a batch of ${sizes[0]}, got whole inputs`,
    );
  }
  if (whole !== undefined)
    return { length: 1, first: 1, reason: `each sample is a whole input ${inWords(whole.name)}` };
  return { length: sizes[0] ?? batchAxis, first: sizes[0] ?? 1, reason: undefined };
}

/** The nodes that values depend on, in running order. */
function nodesFor(nodes: readonly GraphNode[], names: readonly string[]): GraphNode[] {
  const producers = producersOf(nodes);
  const needed = new Set<GraphNode>();
  const open = [...names];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = producers.get(name);
    if (node === undefined || needed.has(node)) continue;
    needed.add(node);
    open.push(...node.inputs);
  }
  return nodes.filter((node) => needed.has(node));
}

/** Those of a graph's outputs that have floats. @throws {RangeError} for none. */
function floatOutputs(model: Model, graph: ShapeGraph, batch: number): string[] {
  const { known, shapeError } = probe({ ...graph, inputs: graph.inputs.map((input) => sized(input, batch)) }, batch);
  if (shapeError) throw shapeError;
  const floats = graph.outputs.filter((name) => known.get(name)?.dtype === "f32");
  if (floats.length > 0) return floats;
  const open = graph.nodes.find(({ outputs }) => !known.has(outputs[0]!));
  if (open !== undefined) {
    throw new RangeError(
      `${describeNode(open)}: expected a shape that depends on input shapes only, got one that depends on data`,
    );
  }
  const got = graph.outputs.map((name) => `${inWords(name)} of ${known.get(name)!.dtype}`).join(", ");
  throw new RangeError(`model ${inWords(model.name)}: expected an output of f32, got ${got}`);
}

const sized = ({ shape, ...input }: ValueInfo, batch: number): ValueInfo => ({
  ...input,
  shape: shape.map((length) => (length === batchAxis ? batch : length)),
});

/** Makes the graph accept any batch size if it can, else that of the file, else 1. */
function batchedGraph(graph: ShapeGraph, { length, first, reason }: SharedBatch): Batched {
  const none = { nodes: graph.nodes, added: new Map<string, HostArray>() };
  let why = reason;
  if (typeof length === "string") {
    const any = probe(graph, probeBatch);
    const counting = nodeReadingBatchSize(graph.nodes, any.known, probe(graph, 2 * probeBatch).known);
    why = graph.outputs.map((name) => whyNotRows(any, name)).find((words) => words !== undefined);
    if (counting !== undefined) why ??= `${counting} computes with the batch size`;
    if (why === undefined) return { ...none, probe: any, fixed: undefined };
  }
  const numbers = { ...graph, inputs: graph.inputs.map((input) => sized(input, first)) };
  const own = probe(numbers, first);
  if (own.shapeError) throw own.shapeError;
  const freed = reason ?? freeBatch(numbers, first);
  if (typeof freed === "string") return { ...none, probe: own, fixed: { batch: first, reason: why ?? freed } };
  const any = probe({ ...numbers, nodes: freed.nodes, fixed: fixedValues(graph, freed.added) }, probeBatch * first);
  return { ...freed, probe: any, fixed: undefined };
}

function hasRows({ probe: { known, positions, size }, fixed }: Batched, value: string): boolean {
  const position = positions.get(value);
  if (fixed === undefined) return areRows(position);
  return known.get(value)!.shape[0] === size && (areRows(position) || position instanceof MixedError);
}
