import { u8, wasm, withBlocks } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { broadcastShapes, broadcastStrides, type Shape } from "../shape.js";
import { empty, Tensor, zeros } from "../tensor.js";
import { type Pair, unbroadcast } from "./arithmetic.js";
import { ints } from "./strided-copy.js";

/** Elements of a bool tensor. */
interface Condition {
  readonly data: Uint8Array;
  readonly shape: Shape;
}

/** y = a where the condition holds, else b. */
function select({ data, shape }: Condition, a: Tensor, b: Tensor, y: Tensor): void {
  if (y.size === 0) return;
  const strides = [shape, a.shape, b.shape].flatMap((from) => broadcastStrides(from, y.shape));
  withBlocks([data.length], (at) => {
    u8(at!, data.length).set(data);
    wasm().selectBroadcast(at!, a.ptr, b.ptr, y.ptr, ints(y.shape), ints(strides));
  });
}

/** The part of a gradient that went through the first or the second input. */
function part(dy: Tensor, condition: Condition, which: 0 | 1, shape: Shape): Tensor {
  const [zero, chosen] = [zeros([]), empty(dy.shape)];
  if (which === 0) select(condition, dy, zero, chosen);
  else select(condition, zero, dy, chosen);
  return unbroadcast(chosen, shape);
}

const condition: Condition = { data: Uint8Array.of(1, 0, 1), shape: [3] };

/** The operation of {@link where}. */
export const whereOp = defineOp<Pair, Condition>({
  name: "where",
  shape: ([a, b], { shape }) => broadcastShapes(shape, broadcastShapes(a.shape, b.shape, "where"), "where"),
  forward: ([a, b], attributes, y) => select(attributes, a, b, y),
  vjp: [
    (dy, { inputs: [a], attributes }) => part(dy, attributes, 0, a.shape),
    (dy, { inputs: [, b], attributes }) => part(dy, attributes, 1, b.shape),
  ],
  keeps: [],
  examples: [
    { inputs: [{ shape: [2, 3] }, { shape: [2, 3] }], attributes: condition },
    { inputs: [{ shape: [] }, { shape: [5, 1, 1] }], attributes: condition },
    { inputs: [{ shape: [4, 1] }, { shape: [3] }], attributes: { data: Uint8Array.of(0, 1, 1, 0), shape: [4, 1] } },
    { inputs: [{ shape: [3] }, { shape: [0, 3] }], attributes: condition },
  ],
});

/**
 * y = a where the condition holds, else b, with NumPy broadcasting.
 *
 * @param condition  A bool tensor. The gradient reads it: it must not be overwritten before the backward pass.
 * @throws {TypeError} when it isn't one. @throws {RangeError} for shapes that don't broadcast.
 */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  if (!(condition instanceof Tensor) || condition.dtype !== "bool") {
    const got = condition instanceof Tensor ? condition.dtype : typeof condition;
    throw new TypeError(`where: expected a bool tensor as condition, got ${got}`);
  }
  return whereOp(a, b, { data: condition.values() as Uint8Array, shape: condition.shape });
}
