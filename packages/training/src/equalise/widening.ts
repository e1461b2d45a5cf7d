import {
  arrayNodes,
  extendModel,
  type GraphNode,
  type Insertion,
  type KnownValue,
  type Model,
  type TensorRecord,
} from "@neft/model";
import { sizeOf } from "@neft/tensor";

/** A weight on a crossbar whose outputs can be written several times. */
export interface Widenable {
  readonly node: GraphNode;
  readonly parameter: string;
  /** Axis of the weight with its outputs. */
  readonly axis: number;
  /** Number of outputs: bit lines. */
  readonly outputs: number;
  /** Cells of one output, one per word line; for a transposed convolution, those of all pixels of a channel. */
  readonly cells: number;
  /** Number of elements of an output that are adjacent: those of the axes after `axis`. */
  readonly inner: number;
  /** Axis of the product's output with its channels. */
  readonly channels: number;
  /** A bias with one element for each output, and the axis of these. */
  readonly bias?: { readonly parameter: string; readonly axis: number };
}

/** Number of copies of each output of a weight, the first included, by parameter. Powers of 2. */
export type Copies = ReadonlyMap<string, Int32Array>;

/**
 * The weights whose outputs can be written several times: those that only one product of the graph reads, directly,
 * where every output reads all inputs (not in groups), and whose bias, if any, no other node reads.
 *
 * @param known  Dtype and shape of every value.
 */
export function widenable(model: Model, known: ReadonlyMap<string, KnownValue>): Widenable[] {
  const reads = new Map<string, number>();
  for (const name of [...model.nodes.flatMap(({ inputs }) => inputs), ...model.outputs.map((output) => output.name)])
    reads.set(name, (reads.get(name) ?? 0) + 1);
  const own = (name: string) => (reads.get(name) === 1 ? model.parameters.get(name) : undefined);
  const outer = new Set(model.nodes);
  return arrayNodes(model).flatMap(({ node, weight, views, layout, input, flow }): Widenable[] => {
    const shape = own(weight)?.shape;
    if (!outer.has(node) || views.length > 0 || shape === undefined || flow === undefined) return [];
    const y = known.get(node.outputs[0]!)?.shape;
    const x = known.get(node.inputs[flow.data]!)?.shape;
    if (x === undefined || y === undefined || node.inputs[input] !== weight) return [];
    const axis = layout === "io" ? 1 : 0;
    const channels = Math.max(0, y.length + flow.to);
    const outputs = shape[axis]!;
    // A product in groups has other sizes on one of the two sides.
    if (y[channels] !== outputs || x[Math.max(0, x.length + flow.from)] !== shape[1 - axis]) return [];
    const [cells, inner] = [sizeOf(shape) / outputs, sizeOf(shape.slice(axis + 1))];
    const found = { node, parameter: weight, axis, outputs, cells, inner, channels };
    const biasName = flow.bias === undefined ? "" : (node.inputs[flow.bias] ?? "");
    if (biasName === "") return [found];
    const bias = (model.parameters.get(biasName) ?? model.constants.get(biasName))?.shape;
    if (bias === undefined) return [];
    // That of a convolution has an element for each channel; that of a matrix product broadcasts to its output.
    const at = y.length > 2 ? 0 : bias.length + flow.to;
    if (at < 0 || bias[at] === 1) return [found];
    return own(biasName) === undefined ? [] : [{ ...found, bias: { parameter: biasName, axis: at } }];
  });
}

/**
 * A model with outputs of weights written several times, and the mean of the copies in place of each. It computes the
 * same function, exactly: the mean of two equal numbers is that number. The copies are elements of one parameter, so
 * they vary independently, and the variance of a mean of n copies is 1/n of a single one's.
 *
 * The copies follow the weight's own outputs, so that these keep their draws. Gather and Mean average pairs until each
 * output has one value; an output without further copies is averaged with itself.
 *
 * @returns a model with its own tensors; the caller disposes it. An export of a model read from a file adds the nodes
 *   to that file.
 */
export function widen(model: Model, places: readonly Widenable[], copies: Copies): Model {
  const taken = new Set([
    ...model.nodes.flatMap(({ name, inputs, outputs }) => [name, ...inputs, ...outputs]),
    ...[...model.inputs, ...model.outputs].map(({ name }) => name),
    ...[...model.parameters.keys(), ...model.constants.keys()],
  ]);
  const fresh = (wanted: string): string => {
    let name = wanted;
    for (let number = 2; taken.has(name); number++) name = `${wanted}_${number}`;
    taken.add(name);
    return name;
  };
  const insertions: Insertion[] = [];
  const parameters: TensorRecord[] = [];
  const constants: TensorRecord[] = [];
  for (const place of places) {
    const counts = copies.get(place.parameter);
    if (counts === undefined || counts.every((count) => count === 1)) continue;
    const order = positionsOf(counts);
    const sources = new Int32Array(order.flat().length);
    for (const [output, positions] of order.entries()) for (const at of positions) sources[at] = output;
    parameters.push(repeated(model, place.parameter, place.axis, sources));
    if (place.bias) parameters.push(repeated(model, place.bias.parameter, place.bias.axis, sources));
    insertions.push(averaging(place, counts, fresh, constants));
  }
  return extendModel(model, { insertions, parameters, constants });
}

/** Positions of each output's copies: first one of each output, then the others. */
function positionsOf(counts: ArrayLike<number>): number[][] {
  let next = counts.length;
  return Array.from(counts, (count, output) => [output, ...Array.from({ length: count - 1 }, () => next++)]);
}

/** A parameter with slices of one axis in another order. @param sources  Slice of the parameter at each position. */
function repeated(model: Model, name: string, axis: number, sources: Int32Array): TensorRecord {
  const tensor = model.parameters.get(name)!;
  const [values, { shape }] = [tensor.floats(), tensor];
  const inner = sizeOf(shape.slice(axis + 1));
  const outer = sizeOf(shape.slice(0, axis));
  const count = sources.length;
  const data = new Float32Array(outer * count * inner);
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < count; i++) {
      const from = (o * shape[axis]! + sources[i]!) * inner;
      data.set(values.subarray(from, from + inner), (o * count + i) * inner);
    }
  }
  return { name, dtype: "f32", shape: shape.map((size, at) => (at === axis ? count : size)), data };
}

/** The nodes that average the copies of a product's outputs. Their indices become constants. */
function averaging(
  { node, channels }: Widenable,
  counts: Int32Array,
  fresh: (wanted: string) => string,
  constants: TensorRecord[],
): Insertion {
  const value = node.outputs[0]!;
  const made = fresh(`${value}.copies`);
  const nodes: GraphNode[] = [];
  const add = (op: string, inputs: string[], attributes: GraphNode["attributes"], output: string): string => {
    nodes.push({ name: fresh(`${node.name}.${op}`), op, inputs, outputs: [output], attributes });
    return output;
  };
  let left: readonly number[] = [...counts];
  for (let from = made; from !== value; ) {
    const halves = left.map((count) => Math.ceil(count / 2));
    const [before, after] = [positionsOf(left), positionsOf(halves)];
    const sides = [0, 1].map((side) => {
      const data = new BigInt64Array(after.flat().length);
      for (const [output, positions] of after.entries()) {
        const own = before[output]!;
        for (const [i, at] of positions.entries()) data[at] = BigInt(own[side * (own.length - positions.length) + i]!);
      }
      const name = fresh(`${node.name}.copies`);
      constants.push({ name, dtype: "i64", shape: [data.length], data });
      return add("Gather", [from, name], { axis: channels }, fresh(`${value}.half`));
    });
    left = halves;
    from = add("Mean", sides, {}, left.every((count) => count === 1) ? value : fresh(`${value}.copies`));
  }
  return { value, made, nodes };
}
