import { arrayNodes, type Model, valueShapes } from "@neft/model";
import { inWords, OptionError, oneLine, shortened } from "@neft/options";

/** Characters of the names that an error lists. */
const mostCharacters = 500;

/** A value of the network that a head can read. */
export interface Feature {
  /** Name of the value. */
  readonly value: string;
  /** Without the batch axis. */
  readonly shape: readonly number[];
}

/** Most heads the rule chooses; the reference has three for VGG-8. */
const mostTaps = 3;

/** Operators a feature is followed through: they belong to the layer before them. */
const layerTail = new Set([
  "Add",
  "AveragePool",
  "BatchNormalization",
  "Clip",
  "Dropout",
  "Elu",
  "Gelu",
  "HardSigmoid",
  "HardSwish",
  "Identity",
  "LeakyRelu",
  "MaxPool",
  "Mul",
  "PRelu",
  "Relu",
  "Selu",
  "Sigmoid",
  "Softplus",
  "Sub",
  "Tanh",
]);

/**
 * What each array layer hands on, in the order of the layers: its product after the bias, normalisation, residual sum,
 * activation and pooling that follow it, as far as one node alone reads each value.
 */
export function layerFeatures(model: Model): Feature[] {
  const readers = new Map<string, string[]>();
  const outputOf = new Map<string, string>();
  for (const node of model.nodes) {
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node.name]);
    outputOf.set(node.name, node.outputs[0]!);
  }
  const operators = new Map(model.nodes.map((node) => [node.name, node.op]));
  const shapes = valueShapes(model);
  const features = arrayNodes(model).map(({ node }) => {
    let value = node.outputs[0]!;
    for (;;) {
      const [reader, ...others] = readers.get(value) ?? [];
      if (reader === undefined || others.length > 0 || !layerTail.has(operators.get(reader)!)) break;
      value = outputOf.get(reader)!;
    }
    return value;
  });
  return [...new Set(features)].map((value) => ({ value, shape: shapes.get(value)!.slice(1) }));
}

/**
 * The features that feedback heads read where none are named, shallowest first and at most three.
 *
 * In a network with image features: the first layer feature of each new spatial size above 1×1 (VGG-8: after conv1, pool1,
 * pool2; LeNet-5: after its two pools). In any other: the features of all array layers but the last two, and of the first
 * where there are just two. An output of the network is none, nor are class scores on their way to it.
 *
 * @param scores  values that are class scores.
 * @throws {RangeError} when nothing is left.
 */
export function chooseTaps(model: Model, scores: ReadonlySet<string> = new Set()): Feature[] {
  const ends = new Set([...model.outputs.map(({ name }) => name), ...scores]);
  const features = layerFeatures(model);
  const inner = features.filter(({ value }) => !ends.has(value));
  const sizes = new Set<string>();
  const images = inner.filter(({ shape }) => {
    const [, height = 1, width = 1] = shape;
    const size = `${height}x${width}`;
    if (shape.length !== 3 || height * width === 1 || sizes.has(size)) return false;
    sizes.add(size);
    return true;
  });
  const vectors = inner.slice(0, Math.max(1, features.length - 2));
  const chosen = (images.length > 0 ? images : vectors).slice(0, mostTaps);
  if (chosen.length === 0) {
    throw new RangeError(
      `model ${inWords(model.name)}: expected a feature before its last layer for a head to read, got none`,
    );
  }
  return chosen;
}

/**
 * The features of the values named.
 *
 * @param added  values of a bound model that the network itself doesn't have.
 * @throws {RangeError} for a name that is no value of the model or has no batch axis.
 */
export function namedTaps(model: Model, names: readonly string[], added: ReadonlySet<string> = new Set()): Feature[] {
  const shapes = valueShapes(model);
  const stored = (value: string): boolean => model.parameters.has(value) || model.constants.has(value);
  return names.map((value) => {
    const shape = shapes.get(value);
    if (!shape || shape.length < 2 || stored(value) || added.has(value)) {
      const examples = layerFeatures(model).map((feature) => feature.value);
      throw new OptionError({
        option: "strategy.taps",
        expected: `values of the model with a batch axis, such as ${oneLine(shortened(examples.join(", "), mostCharacters))}`,
        got: inWords(value),
      });
    }
    return { value, shape: shape.slice(1) };
  });
}
