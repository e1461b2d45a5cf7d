import { defineOp, type Operation } from "../operation.js";
import {
  axisOf,
  broadcastShapes,
  broadcastStrides,
  isSameShape,
  type Shape,
  shapeText,
  sizeOf,
  stridesOf,
} from "../shape.js";
import type { Tensor } from "../tensor.js";
import { copyGradient, copyStrided, type StridedCopy } from "./strided-copy.js";

type One = [x: Tensor];

/**
 * Gives x, of any element type, another shape. The result shares the elements of x. One size may be −1: it is computed from the others.
 *
 * @throws {RangeError} when the number of elements differs.
 */
export const reshape: Operation<One, Shape> = defineOp<One, Shape>({
  name: "reshape",
  isView: true,
  shape: ([x], shape) => {
    const known = shape.reduce((size, dim) => (dim === -1 ? size : size * dim), 1);
    const inferred = shape.indexOf(-1);
    const result = shape.map((dim) => (dim === -1 ? x.size / known : dim));
    if (
      (inferred >= 0 && shape.includes(-1, inferred + 1)) ||
      !result.every(Number.isInteger) ||
      sizeOf(result) !== x.size
    ) {
      throw new RangeError(
        `reshape: expected a shape of ${x.size} elements, the size of ${shapeText(x.shape)}, got ${shapeText(shape)}`,
      );
    }
    return result;
  },
  forward: () => {},
  vjp: [(dy, { inputs: [x] }) => reshape(dy, x.shape)],
  keeps: [],
  examples: [
    { inputs: [{ shape: [2, 6] }], attributes: [3, -1] },
    { inputs: [{ shape: [1] }], attributes: [] },
  ],
});

/** The copy of x with permuted axes to a contiguous tensor. */
function transposeCopy(x: Tensor, perm: readonly number[]): StridedCopy {
  const strides = stridesOf(x.shape);
  const dims = perm.map((axis) => x.shape[axis]!);
  return {
    dims,
    from: { strides: perm.map((axis) => strides[axis]!), offset: 0 },
    to: { strides: stridesOf(dims), offset: 0 },
  };
}

/** The operation of {@link transpose}, with axes ≥ 0. */
export const transposeOp: Operation<One, { readonly perm: readonly number[] }> = defineOp<
  One,
  { readonly perm: readonly number[] }
>({
  name: "transpose",
  shape: ([x], { perm }) => {
    if (perm.length !== x.shape.length || new Set(perm).size !== perm.length) {
      throw new RangeError(`transpose: expected a permutation of ${x.shape.length} axes, got ${shapeText(perm)}`);
    }
    return perm.map((axis) => x.shape[axisOf("transpose", axis, perm.length)]!);
  },
  forward: ([x], { perm }, y) => copyStrided(transposeCopy(x, perm), x, y),
  vjp: [
    (dy, { attributes: { perm } }) => {
      const inverse = perm.map((_, axis) => perm.indexOf(axis));
      return transposeOp(dy, { perm: inverse });
    },
  ],
  keeps: [],
  examples: [
    { inputs: [{ shape: [3, 5] }], attributes: { perm: [1, 0] } },
    { inputs: [{ shape: [2, 3, 4, 5] }], attributes: { perm: [0, 2, 3, 1] } },
    { inputs: [{ shape: [33, 2, 40] }], attributes: { perm: [2, 1, 0] } },
  ],
});

/**
 * Permutes the axes: axis i of y is axis perm[i] of x.
 *
 * @param perm  Negative axes count from the end. Default: the axes in reverse order.
 * @throws {RangeError} unless `perm` is a permutation of the axes.
 */
export function transpose(x: Tensor, { perm }: { readonly perm?: readonly number[] } = {}): Tensor {
  const rank = x.shape.length;
  const order = perm?.map((axis) => axisOf("transpose", axis, rank)) ?? x.shape.map((_, i) => rank - 1 - i);
  return transposeOp(x, { perm: order });
}

/** The copy of x, broadcast to `shape`, to a contiguous tensor. */
function expandCopy(x: Tensor, shape: Shape): StridedCopy {
  const strides = broadcastStrides(x.shape, shape);
  return { dims: shape, from: { strides, offset: 0 }, to: { strides: stridesOf(shape), offset: 0 } };
}

/** Repeats x to the common shape of x and `shape` by NumPy broadcasting. @throws {RangeError} when they don't broadcast. */
export const expand: Operation<One, Shape> = defineOp<One, Shape>({
  name: "expand",
  shape: ([x], shape) => broadcastShapes(x.shape, shape, "expand"),
  forward: ([x], _, y) => copyStrided(expandCopy(x, y.shape), x, y),
  vjp: [
    (dy, { inputs: [x] }) => (isSameShape(dy.shape, x.shape) ? dy : copyGradient(expandCopy(x, dy.shape), dy, x.shape)),
  ],
  keeps: [],
  examples: [
    { inputs: [{ shape: [3, 1] }], attributes: [2, 3, 4] },
    { inputs: [{ shape: [] }], attributes: [5] },
    { inputs: [{ shape: [2, 3] }], attributes: [1, 1] },
  ],
});
