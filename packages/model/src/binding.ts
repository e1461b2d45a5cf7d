import { inWords } from "@neft/options";
import { MixedError } from "./axis-tracking.js";
import { areRows, type BatchProbe, freeBatch, probe, probeBatch, type ShapeGraph, whyNotRows } from "./batching.js";
import { batchAxis } from "./builder.js";
import { constant } from "./constant.js";
import { describeNode, type GraphNode, listNames, type ValueInfo } from "./graph.js";
import { type HostArray, type HostData, int64Array } from "./host-array.js";
import { findLogits, squashersBehind } from "./logits.js";
import { arrayNodes, Model } from "./model.js";
import type { KnownValue } from "./operators/operator.js";

/** A model as it meets samples of one shape: what evaluation and training run. */
export interface BoundModel {
  /** The same parameters in a graph whose inputs have the samples' sizes, and that has the logits as a value. */
  readonly model: Model;
  /** The value with the class scores before any softmax or sigmoid that ends the network, [batch, classes]. */
  readonly logits: string;
  readonly classes: number;
  /** Values of the network that are class scores already: from the logits to the output. */
  readonly scores: ReadonlySet<string>;
  /** Values added to the network's. */
  readonly added: ReadonlySet<string>;
  /** Samples of a run where the network takes no other number, and why; undefined where it takes any. */
  readonly fixed: { readonly batch: number; readonly reason: string } | undefined;
  /** What may make numbers other than expected, one sentence each. */
  readonly warnings: readonly string[];
  /** Frees the tensors added to the model's. */
  dispose(): void;
}

/** Name of a model's output. @throws {RangeError} naming the outputs when there are several and none, or an unknown one, is named. */
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

/** What shapes need of a model. */
export function shapeGraph(model: Model, outputs: readonly string[]): ShapeGraph {
  const fixed = new Map<string, KnownValue>();
  for (const [name, { dtype, shape }] of model.parameters) fixed.set(name, { dtype, shape });
  for (const [name, tensor] of model.constants) {
    const { dtype, shape } = tensor;
    fixed.set(name, dtype === "f32" ? { dtype, shape } : { dtype, shape, data: tensor.values() as HostData });
  }
  return { inputs: model.inputs, outputs, nodes: model.nodes, fixed };
}

/** A graph at a batch that it takes. */
interface Batched {
  readonly nodes: readonly GraphNode[];
  readonly added: ReadonlyMap<string, HostArray>;
  readonly probe: BatchProbe;
  readonly fixed: BoundModel["fixed"];
}

/**
 * Binds a model with one input to samples.
 *
 * Shapes are never taken at a batch of 1 where others are possible: an operator that looks for sizes of 1 would find the batch. A
 * Squeeze without axes gets those it has at any other batch, so that a last batch of one sample is like the others.
 *
 * @param sample  shape of one sample, as the input takes it.
 * @param output  which output; may be left out when there is one.
 * @throws {RangeError} when the sample doesn't fit, the samples of a batch aren't independent, or the output has no class scores.
 */
export function bindModel(model: Model, sample: readonly number[], output?: string): BoundModel {
  const name = outputNamed(model, output);
  const [input] = model.inputs as [ValueInfo];
  const graph = { ...shapeGraph(model, [name]), inputs: [{ ...input, shape: [input.shape[0]!, ...sample] }] };
  const batched = batchedGraph(model, graph, name);
  const tensors = new Map(batched.added);
  const nodes = batched.fixed ? [...batched.nodes] : withAxes(batched, tensors);
  const { scored, flatten } = asMatrix(model, name, batched);
  nodes.push(...flatten);
  const known =
    flatten.length === 0
      ? batched.probe
      : probe({ ...graph, nodes, fixed: knownOf(graph, tensors) }, batched.probe.size);
  const searched = { nodes, probe: known, scalar: scalarsOf(model) };
  const { base, views, scores } = findLogits(searched, scored);
  const arrays = new Set(arrayNodes(model).map(({ node }) => node.name));
  const squashers = squashersBehind(searched, base, new Set(nodes.filter((node) => arrays.has(node.name))));
  const taken = new Set([...known.known.keys(), ...nodes.map((node) => node.name)]);
  const [shadow, logits] = repeated(views, base, taken);
  const batch = batched.fixed?.batch ?? batchAxis;
  const classes = known.known.get(scored)!.shape[1]!;
  const own = [...tensors].map(([key, array]) => [key, constant(array)] as const);
  return {
    model: new Model({
      name: model.name,
      inputs: [{ ...input, shape: [batch, ...sample] }],
      outputs: model.outputs,
      nodes: [...nodes, ...shadow],
      parameters: model.parameters,
      constants: new Map([...model.constants, ...own]),
    }),
    logits,
    classes,
    scores,
    added: new Set([...flatten, ...shadow].flatMap(({ outputs }) => outputs)),
    fixed: batched.fixed,
    warnings: [...mixing(batched, name), ...squashers.map(squashed)],
    dispose: () => {
      for (const [, tensor] of own) tensor.dispose();
    },
  };
}

const squashed = (node: GraphNode): string =>
  `${describeNode(node)}: expected class scores that a softmax is taken of, got what this node makes of them, and can't see through what comes after it: confidence and loss are those of a softmax of probabilities`;

const mixing = ({ fixed, probe: { places } }: Batched, output: string): string[] => {
  const place = places.get(output);
  if (fixed === undefined || fixed.batch === 1 || !(place instanceof MixedError)) return [];
  return [
    `${place.message}: mixes the ${fixed.batch} samples of a batch, or may do so: a sample's scores depend on those read with it`,
  ];
};

const knownOf = (graph: ShapeGraph, added: ReadonlyMap<string, HostArray>): ReadonlyMap<string, KnownValue> =>
  new Map<string, KnownValue>([...graph.fixed, ...added]);

const scalarsOf =
  ({ constants }: Model) =>
  (name: string): number | undefined => {
    const tensor = constants.get(name);
    return tensor?.size === 1 && tensor.dtype === "f32" ? tensor.item() : undefined;
  };

/** The graph for any batch where it takes any, else for the one it takes. */
function batchedGraph(model: Model, graph: ShapeGraph, output: string): Batched {
  const first = graph.inputs[0]!.shape[0]!;
  const none = { nodes: graph.nodes, added: new Map<string, HostArray>() };
  let reason: string | undefined;
  if (typeof first === "string") {
    const any = probe(graph, probeBatch);
    reason = whyNotRows(any, output);
    const place = any.places.get(output);
    const mixes = place instanceof MixedError ? place.message : countsBatch(graph, any);
    if (mixes !== undefined) {
      throw new RangeError(
        `model ${inWords(model.name)}: expected a network that reads each sample by itself, got ${mixes}, which mixes those of a batch, or may do so; export it with the batch it is to be run with`,
      );
    }
    if (reason === undefined) return { ...none, probe: any, fixed: undefined };
  }
  const batch = typeof first === "string" ? 1 : first;
  if (batch === 0)
    throw new RangeError(`input ${inWords(graph.inputs[0]!.name)}: expected a batch of 1 or more, got 0`);
  const own = probe(graph, batch);
  if (own.misfit) throw own.misfit;
  if (!own.known.has(output)) {
    const open = graph.nodes.find(({ outputs }) => !own.known.has(outputs[0]!))!;
    throw new RangeError(
      `${describeNode(open)}: expected a shape that follows from those of the inputs, got one that follows from data`,
    );
  }
  const freed = freeBatch(graph, batch);
  if (typeof freed === "string") return { ...none, probe: own, fixed: { batch, reason: reason ?? freed } };
  const any = probe({ ...graph, nodes: freed.nodes, fixed: knownOf(graph, freed.added) }, probeBatch * batch);
  return { ...freed, probe: any, fixed: undefined };
}

/** The node that makes a number to compute with of the batch's size, as a mean over it written out has. */
function countsBatch(graph: ShapeGraph, { size, known }: BatchProbe): string | undefined {
  const larger = probe(graph, 2 * size).known;
  const counting = graph.nodes.find(({ op, inputs, attributes }) => {
    if (op !== "Cast" || attributes.to !== "f32") return false;
    const [here, there] = [known, larger].map((values) => values.get(inputs[0]!)?.data);
    return here !== undefined && there !== undefined && here.join() !== there.join();
  });
  return counting && describeNode(counting);
}

/** The nodes, a Squeeze without axes with those that it drops. */
function withAxes({ nodes, probe: { known } }: Batched, tensors: Map<string, HostArray>): GraphNode[] {
  return nodes.map((node) => {
    const shape = known.get(node.inputs[0] ?? "")?.shape;
    if (node.op !== "Squeeze" || (node.inputs[1] ?? "") !== "" || shape === undefined) return node;
    let name = `${node.name}.axes`;
    while (known.has(name)) name += "_";
    tensors.set(name, int64Array(shape.flatMap((n, axis) => (n === 1 ? [axis] : []))));
    return { ...node, inputs: [node.inputs[0]!, name] };
  });
}

/**
 * The output as [batch, classes], by a Flatten where it has other axes of size 1.
 * @throws {RangeError} where it is something else.
 */
function asMatrix(
  model: Model,
  output: string,
  { probe: { known, places, size }, fixed }: Batched,
): { scored: string; flatten: GraphNode[] } {
  const { shape } = known.get(output)!;
  const isApart = fixed?.batch === 1 || places.get(output) instanceof MixedError || areRows(places.get(output));
  if (shape.length === 2 && shape[0] === size && isApart) return { scored: output, flatten: [] };
  // A single sample's scores may have lost their batch axis.
  const axis = fixed?.batch === 1 && shape.filter((n) => n !== 1).length <= 1 && shape.length > 0 ? 0 : undefined;
  const isRow = shape[0] === size && isApart && shape.length > 2 && shape.slice(2).every((n) => n === 1);
  if (axis === undefined && !isRow) {
    const sizes = shape.map((n, axis) => (axis === 0 && fixed === undefined && n === size ? 1 : n)).join(", ");
    const place = places.get(output);
    const where =
      place && !(place instanceof MixedError) && place.axis > 0 ? ` with the batch on axis ${place.axis}` : "";
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

/** Copies of the views, on the base instead of what the network has there; the last one's output are the logits. */
function repeated(views: readonly GraphNode[], base: string, taken: Set<string>): [nodes: GraphNode[], logits: string] {
  const fresh = (wanted: string): string => {
    let name = wanted;
    while (taken.has(name)) name += "_";
    taken.add(name);
    return name;
  };
  let logits = base;
  const nodes = views.map((view): GraphNode => {
    const inputs = view.inputs.map((name, i) => (i === 0 ? logits : name));
    logits = fresh(`${view.outputs[0]}.logits`);
    return { ...view, name: fresh(`${view.name}.logits`), inputs, outputs: [logits] };
  });
  return [nodes, logits];
}
