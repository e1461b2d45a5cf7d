import * as ops from "@neft/tensor";
import { type AttributeSchema, type AttributesOf, flag, int, ints } from "../attribute-kinds.js";
import { axesOf, reshapeTarget } from "../dimensions.js";
import { transposeElements } from "../integers.js";
import { listBecomesInput } from "./adaptors.js";
import { defineOperator, integersOf, type Operator, type OperatorCall, type OperatorRow } from "./operator.js";
import { moves, movesAxes } from "./scaling.js";
import { reshaping, transposed } from "./tracks.js";

// Operators that rearrange elements and change none.
// The standard allows negative axes since opset 11. Exporters wrote them for opset 9 already, and runtimes accept them.

/** Defines an operator that gives its first input another shape. */
function reshaped<const S extends AttributeSchema>(
  row: Pick<OperatorRow<S, 1 | 2, 1 | 2>, "name" | "since" | "inputs" | "attributes" | "traits" | "older">,
  target: (shape: readonly number[], attributes: AttributesOf<S>, call: OperatorCall) => number[],
): Operator {
  return defineOperator<S, number, number>({
    ...row,
    traits: { view: true, rearranges: "rowMajor", scaling: moves, ...row.traits },
    track: reshaping,
    infer: ([x], attributes, call) => [{ ...x!, shape: target(x!.shape, attributes, call) }],
    run: ([x], attributes, call) => [ops.reshape(x!, target(x!.shape, attributes, call))],
    integers: ([x], attributes, call) => [{ ...x!, shape: target(x!.shape, attributes, call) }],
  });
}

/** Reshapes x to the shape given as input: 0 copies a size unless allowzero is 1, one −1 is inferred. */
export const reshape = reshaped(
  {
    name: "Reshape",
    since: 5,
    inputs: [2, 2],
    attributes: { allowzero: flag(false, { since: 14 }) },
    traits: { target: 1 },
  },
  (shape, { allowzero }, call) => reshapeTarget(shape, integersOf(call, 1)!, allowzero),
);

/** Flattens x to a matrix: [d0, …] → [d0·…·d(axis−1), d(axis)·…]. */
export const flatten = reshaped(
  { name: "Flatten", since: 1, inputs: [1, 1], attributes: { axis: int({ default: 1 }) }, traits: {} },
  (shape, { axis: given }) => {
    const axis = given === shape.length ? given : ops.axisOf("axis", given, shape.length);
    return [ops.sizeOf(shape.slice(0, axis)), ops.sizeOf(shape.slice(axis))];
  },
);

/** Drops axes of size 1: those given as input, or all. An empty input drops none, as in the standard; onnxruntime drops all. */
export const squeeze = reshaped(
  {
    name: "Squeeze",
    since: 13,
    inputs: [1, 2],
    attributes: {},
    traits: { impliedAxes: 1 },
    older: { 1: listBecomesInput("axes", ints(), {}) },
  },
  (shape, _, call) => {
    const given = integersOf(call, 1);
    const axes = given ? axesOf(given, shape.length) : shape.flatMap((n, axis) => (n === 1 ? [axis] : []));
    for (const axis of axes) {
      if (shape[axis] !== 1)
        throw new RangeError(`axes: expected axes of size 1, got axis ${axis} of [${shape.join(", ")}]`);
    }
    return shape.filter((_, axis) => !axes.includes(axis));
  },
);

/** Inserts axes of size 1 at the given positions of the result. */
export const unsqueeze = reshaped(
  {
    name: "Unsqueeze",
    since: 13,
    inputs: [2, 2],
    attributes: {},
    traits: {},
    older: { 1: listBecomesInput("axes", ints({ required: true }), {}) },
  },
  (shape, _, call) => {
    const given = integersOf(call, 1)!;
    const rank = shape.length + given.length;
    const axes = axesOf(given, rank);
    const left = [...shape];
    return Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : left.shift()!));
  },
);

/** Permutation of a Transpose. Default: reversed axes. @throws {RangeError} when it isn't a permutation. */
function permOf(given: readonly number[] | undefined, rank: number): number[] {
  const perm = given ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (perm.length !== rank || new Set(perm).size !== rank || perm.some((axis) => axis < 0 || axis >= rank)) {
    throw new RangeError(`perm: expected a permutation of ${rank} axes, got [${perm.join(", ")}]`);
  }
  return [...perm];
}

/** Permutes axes: axis k of y is axis perm[k] of x. Default: reversed axes. */
export const transpose = defineOperator({
  name: "Transpose",
  since: 1,
  inputs: [1, 1],
  attributes: { perm: ints({ min: 0 }) },
  traits: { view: true, rearranges: "moved", scaling: movesAxes },
  track: transposed,
  infer: ([x], { perm }) => [{ dtype: x.dtype, shape: permOf(perm, x.shape.length).map((axis) => x.shape[axis]!) }],
  run: ([x], { perm }) => [ops.transpose(x, { perm: permOf(perm, x.shape.length) })],
  integers: ([x], { perm }) => [transposeElements(x, permOf(perm, x.shape.length))],
});
