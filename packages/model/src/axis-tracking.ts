import { axisOf, sizeOf, sliceRange } from "@neft/tensor";
import { intAttribute, intsAttribute } from "./attributes.js";
import type { GraphNode } from "./graph.js";
import { describeNode } from "./graph.js";
import { toNumbers, toPositions } from "./host-array.js";
import type { KnownValue } from "./operators/operator.js";
import { isHostArray } from "./operators/operator.js";

/**
 * Where `size` things (a batch's samples, a softmax's classes) lie in a value: index (o·size + thing)·inner + i along `axis`,
 * whose length is outer·size·inner.
 */
export interface AxisPlace {
  readonly axis: number;
  readonly outer: number;
  readonly inner: number;
}

/** A node after which the things are no longer separate along an axis: it adds them up, reorders them or can't be followed. */
export class MixedError extends Error {
  override readonly name = "MixedError";
}

interface TrackCall {
  readonly node: GraphNode;
  /** Places of the inputs; undefined where the things aren't in it. At least one is there. */
  readonly places: readonly (AxisPlace | undefined)[];
  readonly inputs: readonly (KnownValue | undefined)[];
  readonly output: KnownValue;
  readonly size: number;
}

type Track = (call: TrackCall) => AxisPlace;

const mixed = (): never => {
  throw new MixedError("mixed");
};

const shapeOf = ({ inputs }: TrackCall, index = 0): readonly number[] => inputs[index]!.shape;

/** The place in input 0; it is an error for the things to be in any other. */
const ofFirst = ({ places: [first, ...others] }: TrackCall): AxisPlace =>
  first === undefined || others.some((place) => place !== undefined) ? mixed() : first;

const isSame = (a: AxisPlace, b: AxisPlace): boolean => a.axis === b.axis && a.outer === b.outer && a.inner === b.inner;

/** The one place that all inputs with things agree on, once each is counted on the output's axes. */
function agreed(places: readonly (AxisPlace | undefined)[]): AxisPlace {
  const [first, ...others] = places.filter((place) => place !== undefined);
  return others.every((other) => isSame(first!, other)) ? first! : mixed();
}

/** numpy's broadcasting: axes align at the end. */
const elementwise: Track = ({ places, inputs, output }) =>
  agreed(
    places.map((place, i) => place && { ...place, axis: place.axis + output.shape.length - inputs[i]!.shape.length }),
  );

/** The place after elements keep their row-major order and take another shape; undefined where it spreads over several axes. */
export function rowMajor(
  { axis, outer, inner }: AxisPlace,
  from: readonly number[],
  to: readonly number[],
  size: number,
): AxisPlace | undefined {
  const before = sizeOf(from.slice(0, axis)) * outer;
  const after = sizeOf(from.slice(axis + 1)) * inner;
  for (const [at, length] of to.entries()) {
    const outerHere = before / sizeOf(to.slice(0, at));
    const innerHere = after / sizeOf(to.slice(at + 1));
    const isWhole = Number.isInteger(outerHere) && Number.isInteger(innerHere);
    if (isWhole && length === outerHere * size * innerHere) return { axis: at, outer: outerHere, inner: innerHere };
  }
  return undefined;
}

const reshaping: Track = (call) => rowMajor(ofFirst(call), shapeOf(call), call.output.shape, call.size) ?? mixed();

/** Windows and means over the axes after the second. */
const spatial: Track = (call) => {
  const place = ofFirst(call);
  return place.axis < 2 ? place : mixed();
};

/** Things must be rows of the one operand or columns of the other. */
const matmul: Track = ({ places, inputs, output }) => {
  const rankOut = output.shape.length;
  const [ranks, isVector] = [
    inputs.map((input) => input!.shape.length),
    inputs.map((input) => input!.shape.length === 1),
  ];
  const rankAligned = rankOut + Number(isVector[0]) + Number(isVector[1]);
  const onOutput = (place: AxisPlace, operand: 0 | 1): AxisPlace => {
    const rank = isVector[operand] ? 2 : ranks[operand]!;
    const own = operand === 0 && isVector[0] ? 1 : place.axis;
    // Summed over: the last axis of A, the last but one of B.
    if (own === rank - (operand === 0 ? 1 : 2)) return mixed();
    const aligned = own + rankAligned - rank;
    return { ...place, axis: aligned - Number(isVector[0] && aligned > rankAligned - 2) };
  };
  return agreed(places.slice(0, 2).map((place, i) => place && onOutput(place, i as 0 | 1)));
};

const gemm: Track = (call) => {
  const { node, places } = call;
  const turned = (index: number, name: string): AxisPlace | undefined => {
    const place = places[index];
    return place && intAttribute(node, name, 0) !== 0 ? { ...place, axis: 1 - place.axis } : place;
  };
  const [a, b, c] = [turned(0, "transA"), turned(1, "transB"), places[2]];
  if (a?.axis === 1 || b?.axis === 0) return mixed();
  return agreed([a, b, c && { ...c, axis: c.axis + 2 - shapeOf(call, 2).length }]);
};

/** Along the things' own axis only whole sets of them may be put end to end. */
const concat: Track = (call) => {
  const { node, places, inputs } = call;
  const place = agreed(places.map((one) => one && { ...one, outer: 1 }));
  if (axisOf("axis", intAttribute(node, "axis", 0), shapeOf(call).length) !== place.axis) return agreed(places);
  if (inputs.length > 1 && places.some((one) => one === undefined)) return mixed();
  return { ...place, outer: places.reduce((sum, one) => sum + one!.outer, 0) };
};

const gather: Track = ({ node, places: [x, indices], inputs }) => {
  const axis = axisOf("axis", intAttribute(node, "axis", 0), inputs[0]!.shape.length);
  if (x === undefined) return { ...indices!, axis: indices!.axis + axis };
  if (indices !== undefined || x.axis === axis) return mixed();
  return x.axis < axis ? x : { ...x, axis: x.axis - 1 + inputs[1]!.shape.length };
};

/** Elements along the place's axis must all stay, in their order. */
const sliced: Track = (call) => {
  const place = ofFirst(call);
  const [starts, ends, axes, steps] = [1, 2, 3, 4].map((i) => {
    const input = call.inputs[i];
    return input && isHostArray(input) ? toPositions(input) : undefined;
  });
  const range = sliceRange(shapeOf(call), {
    starts: starts!,
    ends: ends!,
    ...(axes && { axes }),
    ...(steps && { steps }),
  });
  const isWhole = range.begins[place.axis] === 0 && range.steps[place.axis] === 1;
  return isWhole && call.output.shape[place.axis] === shapeOf(call)[place.axis] ? place : mixed();
};

const padded: Track = (call) => {
  const place = ofFirst(call);
  const pads = call.inputs[1]!;
  const axes = call.inputs[3];
  const listed = axes && isHostArray(axes) ? toNumbers(axes) : shapeOf(call).map((_, axis) => axis);
  const at = listed.findIndex((axis) => axisOf("axes", axis, shapeOf(call).length) === place.axis);
  if (at < 0) return place;
  const values = isHostArray(pads) ? toNumbers(pads) : [];
  return values[at] === 0 && values[at + listed.length] === 0 ? place : mixed();
};

const reduced: Track = (call) => {
  const place = ofFirst(call);
  const rank = shapeOf(call).length;
  const given = call.inputs[1];
  const listed = given && isHostArray(given) ? toNumbers(given).map((axis) => axisOf("axes", axis, rank)) : [];
  const isNone = listed.length === 0 && intAttribute(call.node, "noop_with_empty_axes", 0) !== 0;
  const axes = listed.length > 0 || isNone ? listed : shapeOf(call).map((_, axis) => axis);
  if (axes.includes(place.axis)) return mixed();
  if (intAttribute(call.node, "keepdims", 1) !== 0) return place;
  return { ...place, axis: place.axis - axes.filter((axis) => axis < place.axis).length };
};

const normalised: Track = (call) => {
  const place = ofFirst(call);
  const axis = axisOf("axis", intAttribute(call.node, "axis", -1), shapeOf(call).length);
  const touches = intAttribute(call.node, "coerce", 0) === 0 ? place.axis === axis : place.axis >= axis;
  return touches ? mixed() : place;
};

/** A convolution sums over the second axis too. */
const convolved: Track = (call) => {
  const place = ofFirst(call);
  return place.axis === 0 ? place : mixed();
};

const transposed: Track = (call) => {
  const place = ofFirst(call);
  const perm = intsAttribute(call.node, "perm") ?? shapeOf(call).map((_, axis, all) => all.length - 1 - axis);
  return { ...place, axis: perm.indexOf(place.axis) };
};

/** How each operator hands the things on. Values made of shapes alone (Shape, ConstantOfShape) have none. */
export const axisTracks: Readonly<Record<string, Track>> = {
  Add: elementwise,
  AveragePool: spatial,
  BatchNormalization: ofFirst,
  Cast: ofFirst,
  Clip: ofFirst,
  Concat: concat,
  ConstantOfShape: mixed,
  Conv: convolved,
  Div: elementwise,
  Dropout: ofFirst,
  Flatten: reshaping,
  Gather: gather,
  Gemm: gemm,
  GlobalAveragePool: spatial,
  Identity: ofFirst,
  LeakyRelu: ofFirst,
  LogSoftmax: normalised,
  MatMul: matmul,
  MaxPool: spatial,
  Mul: elementwise,
  Pad: padded,
  ReduceMean: reduced,
  Relu: ofFirst,
  Reshape: reshaping,
  Shape: mixed,
  Sigmoid: ofFirst,
  Slice: sliced,
  Softmax: normalised,
  Squeeze: reshaping,
  Sub: elementwise,
  Tanh: ofFirst,
  Transpose: transposed,
  Unsqueeze: reshaping,
};

/**
 * Where the things are in a node's output.
 *
 * @param known  all values, `size` things along their axis.
 * @throws {MixedError} naming the node where they don't stay separate.
 */
export function trackNode(
  node: GraphNode,
  placeOf: (name: string) => AxisPlace | undefined,
  known: ReadonlyMap<string, KnownValue>,
  size: number,
): AxisPlace | undefined {
  const places = node.inputs.map(placeOf);
  const output = known.get(node.outputs[0]!);
  if (output === undefined || places.every((place) => place === undefined) || node.op === "Shape") return undefined;
  const inputs = node.inputs.map((name) => (name === "" ? undefined : known.get(name)));
  try {
    return axisTracks[node.op]!({ node, places, inputs, output, size });
  } catch (error) {
    if (error instanceof MixedError) throw new MixedError(describeNode(node));
    throw error;
  }
}
