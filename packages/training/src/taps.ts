import { arrayNodes, type Model, operatorOf, valueShapes } from "@neft/model";
import { inWords, OptionError, oneLine, shortened } from "@neft/options";

/** Maximum length of a list of names in an error. */
const maxCharacters = 500;

/** A value of the network that a head can read. */
export interface Feature {
  /** Name of the value. */
  readonly value: string;
  /** Shape without the batch axis. */
  readonly shape: readonly number[];
}

/** Maximum number of heads that `chooseTaps` chooses. The reference implementation has three for VGG-8. */
const maxTaps = 3;

/**
 * The outputs of the array layers, in layer order, without duplicates. A layer is an array node and the tail that
 * follows it (bias, normalisation, residual sum, activation, pooling), up to the first value that several nodes read. Layers that a
 * residual sum joins have the same output.
 */
export function layerFeatures(model: Model): Feature[] {
  const readers = new Map<string, string[]>();
  const outputOf = new Map<string, string>();
  for (const node of model.nodes) {
    for (const input of new Set(node.inputs)) readers.set(input, [...(readers.get(input) ?? []), node.name]);
    outputOf.set(node.name, node.outputs[0]!);
  }
  const isTail = new Map(model.nodes.map((node) => [node.name, operatorOf(node).traits.tail === true]));
  const shapes = valueShapes(model);
  const features = arrayNodes(model).map(({ node }) => {
    let value = node.outputs[0]!;
    for (;;) {
      const [reader, ...others] = readers.get(value) ?? [];
      if (reader === undefined || others.length > 0 || !isTail.get(reader)) break;
      value = outputOf.get(reader)!;
    }
    return value;
  });
  // Values of graphs inside nodes have no shape here, and no head reads them.
  return [...new Set(features)].flatMap((value) => {
    const shape = shapes.get(value);
    return shape ? [{ value, shape: shape.slice(1) }] : [];
  });
}

/**
 * Chooses the features that feedback heads read by default: at most three, shallowest first.
 *
 * In a network with image features, it takes the first layer feature of each spatial size above 1×1 (VGG-8: after conv1, pool1 and
 * pool2; LeNet-5: after its two pools). In any other network, it takes the first n − 2 of the n layer features, but at least one.
 * Outputs of the network and class scores are excluded.
 *
 * @param scores  Names of values that hold class scores. Default: none.
 * @throws {RangeError} if no feature remains.
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
  const chosen = (images.length > 0 ? images : vectors).slice(0, maxTaps);
  if (chosen.length === 0) {
    throw new RangeError(
      `model ${inWords(model.name)}: expected a feature before its last layer for a head to read, got none`,
    );
  }
  return chosen;
}

/**
 * Looks up features by the names of their values.
 *
 * @param added  Names of values that binding added to the network; they can't be taps. Default: none.
 * @throws {OptionError} for a name that is not a value of the network, or has no batch axis.
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
        expected: `values of the model with a batch axis, such as ${oneLine(shortened(examples.join(", "), maxCharacters))}`,
        got: inWords(value),
      });
    }
    return { value, shape: shape.slice(1) };
  });
}
