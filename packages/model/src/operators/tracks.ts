import { axisOf, sizeOf, sliceRange } from "@neft/tensor";
import { isHostArray, type KnownValue, toNumbers, toPositions } from "../host-array.js";

/**
 * Position of `size` items (the samples of a batch, or the classes of a softmax) in a value.
 *
 * Axis `axis` has length outer·size·inner. Item s covers its indices (o·size + s)·inner + i for all o < outer, i <
 * inner.
 */
export interface AxisPosition {
  readonly axis: number;
  readonly outer: number;
  readonly inner: number;
}

/** Thrown for a node that mixes items along their axis: it sums or reorders them, or can't be followed. */
export class MixedError extends Error {
  override readonly name = "MixedError";
}

/** Arguments of a position rule. */
export interface TrackCall<A = unknown> {
  readonly attributes: A;
  /** Positions of the items in the inputs; undefined for an input that doesn't hold them. At least one is defined. */
  readonly positions: readonly (AxisPosition | undefined)[];
  readonly inputs: readonly (KnownValue | undefined)[];
  /** The first output. */
  readonly output: KnownValue;
  readonly size: number;
}

/**
 * Finds the position of the items in a node's outputs: one for all, or one for each, undefined for an output without
 * items. @throws {MixedError} when the node mixes them.
 */
export type Track<A = unknown> = (call: TrackCall<A>) => AxisPosition | readonly (AxisPosition | undefined)[];

/** Rule that gives one position. */
type Rule<A = unknown> = (call: TrackCall<A>) => AxisPosition;

export const failMixed = (): never => {
  throw new MixedError("mixed");
};

const shapeOf = ({ inputs }: TrackCall, index = 0): readonly number[] => inputs[index]!.shape;

/** Position in input 0. Fails when another input holds items. */
export const firstInputPosition = ({ positions: [first, ...others] }: TrackCall): AxisPosition =>
  first === undefined || others.some((position) => position !== undefined) ? failMixed() : first;

const isSame = (a: AxisPosition, b: AxisPosition): boolean =>
  a.axis === b.axis && a.outer === b.outer && a.inner === b.inner;

/** The position that all inputs with items share, given in the output's axes. Fails when they differ. */
export function commonPosition(positions: readonly (AxisPosition | undefined)[]): AxisPosition {
  const [first, ...others] = positions.filter((position) => position !== undefined);
  return others.every((other) => isSame(first!, other)) ? first! : failMixed();
}

/** NumPy broadcasting aligns axes at the end. */
export const elementwise: Rule = ({ positions, inputs, output }) =>
  commonPosition(
    positions.map(
      (position, i) => position && { ...position, axis: position.axis + output.shape.length - inputs[i]!.shape.length },
    ),
  );

/**
 * Position after a reshape that keeps elements in row-major order; undefined when the items spread over several axes.
 *
 * @param from  Shape before.
 * @param to  Shape after.
 * @param size  Number of items.
 */
export function rowMajor(
  { axis, outer, inner }: AxisPosition,
  from: readonly number[],
  to: readonly number[],
  size: number,
): AxisPosition | undefined {
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

export const reshaping: Rule = (call) =>
  rowMajor(firstInputPosition(call), shapeOf(call), call.output.shape, call.size) ?? failMixed();

/** Windows and means over the axes after the second keep items on the first two. */
export const spatial: Rule = (call) => {
  const position = firstInputPosition(call);
  return position.axis < 2 ? position : failMixed();
};

/** Items must be rows of A or columns of B. */
export const matmul: Rule = ({ positions, inputs, output }) => {
  const rankOut = output.shape.length;
  const [ranks, isVector] = [
    inputs.map((input) => input!.shape.length),
    inputs.map((input) => input!.shape.length === 1),
  ];
  const rankAligned = rankOut + Number(isVector[0]) + Number(isVector[1]);
  const onOutput = (position: AxisPosition, operand: 0 | 1): AxisPosition => {
    const rank = isVector[operand] ? 2 : ranks[operand]!;
    const own = operand === 0 && isVector[0] ? 1 : position.axis;
    // The product sums over the last axis of A and the last but one of B.
    if (own === rank - (operand === 0 ? 1 : 2)) return failMixed();
    const aligned = own + rankAligned - rank;
    return { ...position, axis: aligned - Number(isVector[0] && aligned > rankAligned - 2) };
  };
  return commonPosition(positions.slice(0, 2).map((position, i) => position && onOutput(position, i as 0 | 1)));
};

export const gemm: Rule<{ readonly transA: boolean; readonly transB: boolean }> = (call) => {
  const { attributes, positions } = call;
  const operandPosition = (index: number, name: "transA" | "transB"): AxisPosition | undefined => {
    const position = positions[index];
    return position && attributes[name] ? { ...position, axis: 1 - position.axis } : position;
  };
  const [a, b, c] = [operandPosition(0, "transA"), operandPosition(1, "transB"), positions[2]];
  if (a?.axis === 1 || b?.axis === 0) return failMixed();
  return commonPosition([a, b, c && { ...c, axis: c.axis + 2 - shapeOf(call, 2).length }]);
};

/** Along the items' own axis, every input must hold all of them: outer counts add up. */
export const concat: Rule<{ readonly axis: number }> = (call) => {
  const { attributes, positions, inputs } = call;
  const position = commonPosition(positions.map((one) => one && { ...one, outer: 1 }));
  if (axisOf("axis", attributes.axis, shapeOf(call).length) !== position.axis) return commonPosition(positions);
  if (inputs.length > 1 && positions.some((one) => one === undefined)) return failMixed();
  return { ...position, outer: positions.reduce((sum, one) => sum + one!.outer, 0) };
};

export const gather: Rule<{ readonly axis: number }> = ({ attributes, positions: [x, indices], inputs }) => {
  const axis = axisOf("axis", attributes.axis, inputs[0]!.shape.length);
  if (x === undefined) return { ...indices!, axis: indices!.axis + axis };
  if (indices !== undefined || x.axis === axis) return failMixed();
  return x.axis < axis ? x : { ...x, axis: x.axis - 1 + inputs[1]!.shape.length };
};

/** All elements along the items' axis must stay, in order. */
export const sliced: Rule = (call) => {
  const position = firstInputPosition(call);
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
  const isWhole = range.begins[position.axis] === 0 && range.steps[position.axis] === 1;
  return isWhole && call.output.shape[position.axis] === shapeOf(call)[position.axis] ? position : failMixed();
};

/** The items' axis must not be padded. */
export const padded: Rule = (call) => {
  const position = firstInputPosition(call);
  const pads = call.inputs[1]!;
  const axes = call.inputs[3];
  const listed = axes && isHostArray(axes) ? toNumbers(axes) : shapeOf(call).map((_, axis) => axis);
  const at = listed.findIndex((axis) => axisOf("axes", axis, shapeOf(call).length) === position.axis);
  if (at < 0) return position;
  const values = isHostArray(pads) ? toNumbers(pads) : [];
  return values[at] === 0 && values[at + listed.length] === 0 ? position : failMixed();
};

/** The items' axis must not be reduced. */
export const reduced: Rule<{ readonly keepdims: boolean; readonly noop_with_empty_axes: boolean }> = (call) => {
  const position = firstInputPosition(call);
  const rank = shapeOf(call).length;
  const given = call.inputs[1];
  const listed = given && isHostArray(given) ? toNumbers(given).map((axis) => axisOf("axes", axis, rank)) : [];
  const isNone = listed.length === 0 && call.attributes.noop_with_empty_axes;
  const axes = listed.length > 0 || isNone ? listed : shapeOf(call).map((_, axis) => axis);
  if (axes.includes(position.axis)) return failMixed();
  if (call.attributes.keepdims) return position;
  return { ...position, axis: position.axis - axes.filter((axis) => axis < position.axis).length };
};

/** Softmax mixes items along the axes it normalises. */
export const normalised: Rule<{ readonly axis: number; readonly coerce: boolean }> = (call) => {
  const position = firstInputPosition(call);
  const axis = axisOf("axis", call.attributes.axis, shapeOf(call).length);
  const touches = call.attributes.coerce ? position.axis >= axis : position.axis === axis;
  return touches ? failMixed() : position;
};

/** A convolution sums over axis 1 too, so items must be on axis 0. */
export const convolved: Rule = (call) => {
  const position = firstInputPosition(call);
  return position.axis === 0 ? position : failMixed();
};

export const transposed: Rule<{ readonly perm: readonly number[] | undefined }> = (call) => {
  const position = firstInputPosition(call);
  const perm = call.attributes.perm ?? shapeOf(call).map((_, axis, all) => all.length - 1 - axis);
  return { ...position, axis: perm.indexOf(position.axis) };
};
