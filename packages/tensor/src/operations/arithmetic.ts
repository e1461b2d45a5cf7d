import { type Binary, binaryCode, wasm } from "@neft/kernels";
import { defineOp, type ExampleInput, type Operation, type Row } from "../operation.js";
import { broadcastShapes, broadcastStrides, isSameShape, type Shape, sizeOf, stridesOf } from "../shape.js";
import { empty, type Tensor, zeros } from "../tensor.js";
import { scale } from "./elementwise.js";
import { accumulateStrided } from "./strided-copy.js";

type Values = NonNullable<ExampleInput["values"]>;

/** The inputs of a function of two arguments. */
export type Pair = [a: Tensor, b: Tensor];

/** Shapes of the example calls: none, one or both operands are broadcast. */
const shapes: readonly (readonly [Shape, Shape])[] = [
  [
    [3, 5],
    [3, 5],
  ],
  [
    [2, 3, 5],
    [3, 1],
  ],
  [[5], [17, 5]],
  [
    [3, 1],
    [1, 7],
  ],
  [[], [3]],
  [
    [2, 3, 2, 2],
    [1, 3, 1, 1],
  ],
];

/** Computes a function of two arguments with broadcasting into y, whose shape is the common one. */
export function broadcastBinary(name: Binary, a: Tensor, b: Tensor, y: Tensor): void {
  if (a.size === y.size && b.size === y.size) {
    wasm().binary(binaryCode[name], a.ptr, b.ptr, y.ptr, y.size);
    return;
  }
  const [stridesA, stridesB] = [broadcastStrides(a.shape, y.shape), broadcastStrides(b.shape, y.shape)];
  wasm().binaryBroadcast(binaryCode[name], a.ptr, b.ptr, y.ptr, [...y.shape], stridesA, stridesB);
}

/** A function of two arguments that gradient rules need, of tensors that broadcast. */
export function slopeOf(name: Binary, a: Tensor, b: Tensor): Tensor {
  const slope = empty(broadcastShapes(a.shape, b.shape, name));
  broadcastBinary(name, a, b, slope);
  return slope;
}

/** Makes a binary elementwise operation with broadcasting. `values`: those of the examples' inputs. */
export function binaryOp(
  name: Binary,
  vjp: Row<Pair, undefined>["vjp"],
  keeps: Row<Pair, undefined>["keeps"],
  values: readonly [a: Values, b: Values] = ["normal", "normal"],
): Operation<Pair, undefined> {
  return defineOp<Pair>({
    name,
    shape: ([a, b]) => broadcastShapes(a.shape, b.shape, name),
    forward: ([a, b], _, y) => broadcastBinary(name, a, b, y),
    vjp,
    keeps,
    examples: shapes.map(([a, b]) => ({
      inputs: [
        { shape: a, values: values[0] },
        { shape: b, values: values[1] },
      ],
      attributes: undefined,
    })),
  });
}

/** Sums a gradient over the axes along which a tensor of `shape` was broadcast. */
export function unbroadcast(dy: Tensor, shape: Shape): Tensor {
  if (isSameShape(dy.shape, shape)) return dy;
  const dx = zeros(shape);
  if (sizeOf(shape) === 0) return dx;
  const strides = broadcastStrides(shape, dy.shape);
  accumulateStrided(
    { dims: dy.shape, from: { strides, offset: 0 }, to: { strides: stridesOf(dy.shape), offset: 0 } },
    dy,
    dx,
  );
  return dx;
}

/** y = a + b, with NumPy broadcasting. */
export const add: Operation<Pair, undefined> = binaryOp(
  "add",
  [(dy, { inputs: [a] }) => unbroadcast(dy, a.shape), (dy, { inputs: [, b] }) => unbroadcast(dy, b.shape)],
  [],
);

/** y = a − b, with NumPy broadcasting. */
export const sub: Operation<Pair, undefined> = binaryOp(
  "sub",
  [(dy, { inputs: [a] }) => unbroadcast(dy, a.shape), (dy, { inputs: [, b] }) => scale(unbroadcast(dy, b.shape), -1)],
  [],
);

/** y = a·b elementwise, with NumPy broadcasting. */
export const mul: Operation<Pair, undefined> = binaryOp(
  "mul",
  [
    (dy, { inputs: [a, b] }) => unbroadcast(mul(dy, b), a.shape),
    (dy, { inputs: [a, b] }) => unbroadcast(mul(dy, a), b.shape),
  ],
  [0, 1],
);

/** y = a / b, with NumPy broadcasting. */
export const div: Operation<Pair, undefined> = binaryOp(
  "div",
  [
    (dy, { inputs: [a, b] }) => unbroadcast(div(dy, b), a.shape),
    // d(a/b)/db = −(a/b)/b
    (dy, { inputs: [, b], output }) => scale(unbroadcast(div(mul(dy, output), b), b.shape), -1),
  ],
  [1, "output"],
  ["normal", "positive"],
);
