import { inWords } from "@neft/options";
import { freshNames } from "./batch-axes.js";
import { nodeReadingBatchSize } from "./batch-size.js";
import { areRows, type BatchProbe, freeBatch, probe, probeBatch, type ShapeGraph, whyNotRows } from "./batching.js";
import { batchAxis } from "./builder.js";
import { constant } from "./constant.js";
import { describeNode, type GraphNode, listNames, type ValueInfo } from "./graph.js";
import { type HostArray, int64Array, type KnownValue } from "./host-array.js";
import { operatorOf } from "./known-operators.js";
import { findLogits, probabilityNodesBefore } from "./logits.js";
import { arrayNodes, Model } from "./model.js";
import { MixedError } from "./operators/tracks.js";
import { knownConstant, maxKnownFloats } from "./shapes.js";

/** A model bound to samples of one shape, as evaluation and training run it. */
export interface BoundModel {
  /** The same parameters in a graph whose inputs have the samples' shape and that computes the logits. */
  readonly model: Model;
  /** Name of the logits, [batch, classes]: the class scores before a final softmax or sigmoid. */
  readonly logits: string;
  readonly classes: number;
  /** Names of the network's values that are class scores: from the logits to the output. */
  readonly scores: ReadonlySet<string>;
  /** Names of values that the network itself doesn't have. */
  readonly added: ReadonlySet<string>;
  /** The only batch size that the network accepts, and why; undefined when it accepts any. */
  readonly fixed: { readonly batch: number; readonly reason: string } | undefined;
  /** Reasons why results may differ from what is expected, one sentence each. */
  readonly warnings: readonly string[];
  /** Frees the tensors that were added. The original model's tensors stay. */
  dispose(): void;
}

/**
 * Name of a model's output. Default: the only one.
 *
 * @throws {Error} when there are several outputs and none is named, or the name is unknown.
 */
export function outputNamed(model: Model, output: string | undefined): string {
  const names = model.outputs.map(({ name }) => name);
  if (output === undefined && names.length > 1) {
    throw new Error(
      `model ${inWords(model.name)}: expected one of its outputs to be named, got none; it has ${listNames(names)}`,
    );
  }
  const name = output ?? names[0]!;
  if (!names.includes(name)) {
    throw new Error(`model ${inWords(model.name)}: expected an output of ${listNames(names)}, got ${inWords(name)}`);
  }
  return name;
}

/** The part of a model that shape inference needs. */
export function shapeGraph(model: Model, outputs: readonly string[]): ShapeGraph {
  const fixed = new Map<string, KnownValue>();
  for (const [name, { dtype, shape }] of model.parameters) fixed.set(name, { dtype, shape });
  for (const [name, tensor] of model.constants) fixed.set(name, knownConstant(tensor));
  return { inputs: model.inputs, outputs, nodes: model.nodes, fixed };
}

/** A graph with a batch size that it accepts. */
interface Batched {
  readonly nodes: readonly GraphNode[];
  readonly added: ReadonlyMap<string, HostArray>;
  readonly probe: BatchProbe;
  readonly fixed: BoundModel["fixed"];
}

/**
 * Binds a model with one input to samples of one shape.
 *
 * Shapes are inferred at a batch of 1 only when nothing else fits: at 1, operators that look for axes of size 1 would
 * match the batch axis. A Squeeze without axes gets the axes that it drops at other batch sizes, so a last batch of
 * one sample runs like any other.
 *
 * @param sample  Shape of one sample, without the batch axis.
 * @param output  Name of an output. Default: the only one.
 * @throws {RangeError} when the sample doesn't fit, the network mixes samples of a batch, or the output is not
 *   [batch, classes].
 */
export function bindModel(model: Model, sample: readonly number[], output?: string): BoundModel {
  const name = outputNamed(model, output);
  const [input] = model.inputs as [ValueInfo];
  const graph = { ...shapeGraph(model, [name]), inputs: [{ ...input, shape: [input.shape[0]!, ...sample] }] };
  const batched = batchedGraph(model, graph, name);
  const tensors = new Map(batched.added);
  const nodes = batched.fixed ? [...batched.nodes] : withSqueezeAxes(batched, tensors);
  const { scored, flatten } = scoreMatrix(model, name, batched);
  nodes.push(...flatten);
  const known =
    flatten.length === 0
      ? batched.probe
      : probe({ ...graph, nodes, fixed: fixedValues(graph, tensors) }, batched.probe.size);
  const searched = { nodes, probe: known, scalar: scalarsOf(model) };
  const { base, views, scores } = findLogits(searched, scored);
  const arrays = new Set(arrayNodes(model).map(({ node }) => node.name));
  const probabilityNodes = probabilityNodesBefore(
    searched,
    base,
    new Set(nodes.filter((node) => arrays.has(node.name))),
  );
  const fresh = freshNames([...known.known.keys(), ...nodes.map((node) => node.name)]);
  const [copies, logits] = copyViews(views, base, fresh);
  const batch = batched.fixed?.batch ?? batchAxis;
  const classes = known.known.get(scored)!.shape[1]!;
  const own = [...tensors].map(([key, array]) => [key, constant(array)] as const);
  return {
    model: new Model({
      name: model.name,
      inputs: [{ ...input, shape: [batch, ...sample] }],
      outputs: model.outputs,
      nodes: [...nodes, ...copies],
      parameters: model.parameters,
      constants: new Map([...model.constants, ...own]),
    }),
    logits,
    classes,
    scores,
    added: new Set([...flatten, ...copies].flatMap(({ outputs }) => outputs)),
    fixed: batched.fixed,
    warnings: [...mixingWarnings(batched, name), ...probabilityNodes.map(probabilityWarning)],
    dispose: () => {
      for (const [, tensor] of own) tensor.dispose();
    },
  };
}

const probabilityWarning = (node: GraphNode): string =>
  `${describeNode(node)}: expected class scores as output, got probabilities of this node, changed by later nodes that can't be undone: confidence and loss apply softmax to these probabilities`;

const mixingWarnings = ({ fixed, probe: { positions } }: Batched, output: string): string[] => {
  const position = positions.get(output);
  if (fixed === undefined || fixed.batch === 1 || !(position instanceof MixedError)) return [];
  return [
    `${position.message}: mixes the ${fixed.batch} samples of a batch, or may do so: a sample's scores depend on the other samples in its batch`,
  ];
};

export const fixedValues = (
  graph: ShapeGraph,
  added: ReadonlyMap<string, HostArray>,
): ReadonlyMap<string, KnownValue> => {
  const isLarge = ({ dtype, data }: HostArray): boolean => dtype === "f32" && data.length > maxKnownFloats;
  const known = [...added].map(([name, array]): [string, KnownValue] => {
    const { dtype, shape } = array;
    return [name, isLarge(array) ? { dtype, shape } : array];
  });
  return new Map<string, KnownValue>([...graph.fixed, ...known]);
};

/** Value of an f32 constant with one element; undefined for any other name. */
export const scalarsOf =
  ({ constants }: Model) =>
  (name: string): number | undefined => {
    const tensor = constants.get(name);
    return tensor?.size === 1 && tensor.dtype === "f32" ? tensor.item() : undefined;
  };

/** Makes the graph accept any batch size if it can, else one fixed size. */
function batchedGraph(model: Model, graph: ShapeGraph, output: string): Batched {
  const first = graph.inputs[0]!.shape[0]!;
  const none = { nodes: graph.nodes, added: new Map<string, HostArray>() };
  let reason: string | undefined;
  if (typeof first === "string") {
    const any = probe(graph, probeBatch);
    reason = whyNotRows(any, output);
    const position = any.positions.get(output);
    const mixes =
      position instanceof MixedError
        ? position.message
        : nodeReadingBatchSize(graph.nodes, any.known, probe(graph, 2 * any.size).known);
    if (mixes !== undefined) {
      throw new RangeError(
        `model ${inWords(model.name)}: expected a network that computes each sample independently, got ${mixes}, which mixes the samples of a batch, or may do so; export the network with the batch size it will run at`,
      );
    }
    if (reason === undefined) return { ...none, probe: any, fixed: undefined };
  }
  const batch = typeof first === "string" ? 1 : first;
  if (batch === 0)
    throw new RangeError(`input ${inWords(graph.inputs[0]!.name)}: expected a batch of 1 or more, got 0`);
  const own = probe(graph, batch);
  if (own.shapeError) throw own.shapeError;
  if (!own.known.has(output)) {
    const open = graph.nodes.find(({ outputs }) => !own.known.has(outputs[0]!))!;
    throw new RangeError(
      `${describeNode(open)}: expected a shape that depends on input shapes only, got one that depends on data`,
    );
  }
  const freed = freeBatch(graph, batch);
  if (typeof freed === "string") return { ...none, probe: own, fixed: { batch, reason: reason ?? freed } };
  const any = probe({ ...graph, nodes: freed.nodes, fixed: fixedValues(graph, freed.added) }, probeBatch * batch);
  return { ...freed, probe: any, fixed: undefined };
}

/** Gives every node with implied axes the axes of size 1 that it means, as a constant added to `tensors`. */
export function withSqueezeAxes(
  { nodes, probe: { known } }: Pick<Batched, "nodes" | "probe">,
  tensors: Map<string, HostArray>,
): GraphNode[] {
  return nodes.map((node) => {
    const shape = known.get(node.inputs[0] ?? "")?.shape;
    const at = operatorOf(node).traits.impliedAxes;
    if (at === undefined || (node.inputs[at] ?? "") !== "" || shape === undefined) return node;
    let name = `${node.name}.axes`;
    while (known.has(name)) name += "_";
    tensors.set(name, int64Array(shape.flatMap((n, axis) => (n === 1 ? [axis] : []))));
    return { ...node, inputs: [node.inputs[0]!, name] };
  });
}

/**
 * The output as [batch, classes], through an added Flatten when it has more axes of size 1.
 *
 * @throws {RangeError} when the output has another shape.
 */
function scoreMatrix(
  model: Model,
  output: string,
  { probe: { known, positions, size }, fixed }: Batched,
): { scored: string; flatten: GraphNode[] } {
  const { shape } = known.get(output)!;
  const isSeparate =
    fixed?.batch === 1 || positions.get(output) instanceof MixedError || areRows(positions.get(output));
  if (shape.length === 2 && shape[0] === size && isSeparate) return { scored: output, flatten: [] };
  // With a batch fixed at 1, the scores may have lost their batch axis.
  const axis = fixed?.batch === 1 && shape.filter((n) => n !== 1).length <= 1 && shape.length > 0 ? 0 : undefined;
  const isRow = shape[0] === size && isSeparate && shape.length > 2 && shape.slice(2).every((n) => n === 1);
  if (axis === undefined && !isRow) {
    const sizes = shape.map((n, axis) => (axis === 0 && fixed === undefined && n === size ? 1 : n)).join(", ");
    const position = positions.get(output);
    const where =
      position && !(position instanceof MixedError) && position.axis > 0
        ? ` with the batch on axis ${position.axis}`
        : "";
    throw new RangeError(
      `output ${inWords(output)}: expected class scores of shape [batch, classes], got [${sizes}]${where}`,
    );
  }
  const scored = `${output}.scores`;
  const attributes = { axis: axis ?? 1 };
  return {
    scored,
    flatten: [{ name: `${model.name}.scores`, op: "Flatten", inputs: [output], outputs: [scored], attributes }],
  };
}

/** Copies view nodes, applied to `base`. The last copy's output is the logits. */
export function copyViews(
  views: readonly GraphNode[],
  base: string,
  fresh: (wanted: string) => string,
): [nodes: GraphNode[], logits: string] {
  let logits = base;
  const nodes = views.map((view): GraphNode => {
    const inputs = view.inputs.map((name, i) => (i === 0 ? logits : name));
    logits = fresh(`${view.outputs[0]}.logits`);
    return { ...view, name: fresh(`${view.name}.logits`), inputs, outputs: [logits] };
  });
  return [nodes, logits];
}
