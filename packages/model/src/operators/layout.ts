import * as ops from "@neft/tensor";
import { intAttribute, intsAttribute } from "../attributes.js";
import { axesOf, reshapeTarget } from "../dimensions.js";
import type { GraphNode } from "../graph.js";
import { transposeElements } from "../integers.js";
import type { InferCall, Operator, RunCall } from "./operator.js";
import { defineOperator, integersOf, need } from "./operator.js";

// Operators that rearrange elements and change none.

/** Defines an operator that gives its first input another shape. */
function reshaping(
  name: string,
  arity: readonly [number, number],
  target: (node: GraphNode, shape: readonly number[], call: InferCall | RunCall) => number[],
): Operator {
  return defineOperator({
    name,
    arity,
    infer: (call) => {
      const x = need(call.inputs, 0);
      return [{ ...x, shape: target(call.node, x.shape, call) }];
    },
    run: (call) => {
      const x = need(call.inputs, 0);
      return [ops.reshape(x, target(call.node, x.shape, call))];
    },
    elements: (call) => {
      const x = need(call.inputs, 0);
      return [{ ...x, shape: target(call.node, x.shape, call) }];
    },
  });
}

/** Reshapes x to the shape given as input: 0 copies a size unless allowzero is 1, one −1 is inferred. */
export const reshape = reshaping("Reshape", [2, 2], (node, shape, call) => {
  return reshapeTarget(shape, integersOf(call, 1) ?? [], intAttribute(node, "allowzero", 0) !== 0);
});

/** Flattens x to a matrix: [d0, …] → [d0·…·d(axis−1), d(axis)·…]. */
export const flatten = reshaping("Flatten", [1, 1], (node, shape) => {
  const given = intAttribute(node, "axis", 1);
  const axis = given === shape.length ? given : ops.axisOf("axis", given, shape.length);
  return [ops.sizeOf(shape.slice(0, axis)), ops.sizeOf(shape.slice(axis))];
});

/** Drops axes of size 1: those given as input, or all. */
export const squeeze = reshaping("Squeeze", [1, 2], (_, shape, call) => {
  const given = integersOf(call, 1);
  const axes = given ? axesOf(given, shape.length) : shape.flatMap((n, axis) => (n === 1 ? [axis] : []));
  for (const axis of axes) {
    if (shape[axis] !== 1)
      throw new RangeError(`axes: expected axes of size 1, got axis ${axis} of [${shape.join(", ")}]`);
  }
  return shape.filter((_, axis) => !axes.includes(axis));
});

/** Inserts axes of size 1 at the given positions of the result. */
export const unsqueeze = reshaping("Unsqueeze", [2, 2], (_, shape, call) => {
  const given = integersOf(call, 1) ?? [];
  const rank = shape.length + given.length;
  const axes = axesOf(given, rank);
  const left = [...shape];
  return Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : left.shift()!));
});

/** Permutation of a Transpose. Default: reversed axes. @throws {RangeError} when it isn't a permutation. */
function permOf(node: GraphNode, rank: number): number[] {
  const perm = intsAttribute(node, "perm") ?? Array.from({ length: rank }, (_, axis) => rank - 1 - axis);
  if (perm.length !== rank || new Set(perm).size !== rank || perm.some((axis) => axis < 0 || axis >= rank)) {
    throw new RangeError(`perm: expected a permutation of ${rank} axes, got [${perm.join(", ")}]`);
  }
  return [...perm];
}

/** Permutes axes: axis k of y is axis perm[k] of x. Default: reversed axes. */
export const transpose = defineOperator({
  name: "Transpose",
  arity: [1, 1],
  infer: ({ node, inputs }) => {
    const x = need(inputs, 0);
    return [{ dtype: x.dtype, shape: permOf(node, x.shape.length).map((axis) => x.shape[axis]!) }];
  },
  run: ({ node, inputs }) => {
    const x = need(inputs, 0);
    return [ops.transpose(x, { perm: permOf(node, x.shape.length) })];
  },
  elements: ({ node, inputs }) => {
    const x = need(inputs, 0);
    return [transposeElements(x, permOf(node, x.shape.length))];
  },
});
