import { wasm } from "@neft/kernels";
import { zeroData } from "../dtype.js";
import { defineOp } from "../operation.js";
import { axisOf, type Shape, sizeOf, splitAt } from "../shape.js";
import { Tensor, zeros } from "../tensor.js";

interface Picks {
  readonly indices: Int32Array;
  readonly shape: Shape;
  readonly axis: number;
}

export const gatherRow = defineOp<[x: Tensor], Picks>({
  name: "gather",
  shape: ([x], { shape, axis }) => [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)],
  forward: ([x], { indices, axis }, y) => wasm().gather(x.ptr, y.ptr, indices, ...splitAt(x.shape, axis)),
  vjp: [
    (dy, { inputs: [x], attributes: { indices, axis } }) => {
      const dx = zeros(x.shape);
      wasm().scatterAdd(dy.ptr, dx.ptr, indices, ...splitAt(x.shape, axis));
      return dx;
    },
  ],
  keeps: [],
  samples: [
    { inputs: [{ shape: [5, 3] }], attributes: { indices: Int32Array.of(4, 0, 4, 2), shape: [2, 2], axis: 0 } },
    { inputs: [{ shape: [2, 4, 3] }], attributes: { indices: Int32Array.of(1), shape: [], axis: 1 } },
  ],
  typed: ([x], { indices, axis }, shape) => {
    const [outer, len, inner] = splitAt(x.shape, axis);
    const [from, to] = [x.values(), zeroData(x.dtype, sizeOf(shape))];
    let at = 0;
    for (let o = 0; o < outer; o++) {
      for (const index of indices) {
        const start = (o * len + index) * inner;
        for (let i = 0; i < inner; i++) to[at++] = from[start + i] as never;
      }
    }
    return to;
  },
});

/**
 * Picks places along an axis: y[.., indices, ..]. The axis is replaced by the shape of the indices; a plain list has one
 * axis. Negative indices count from the end.
 *
 * @throws {RangeError} for an index outside the axis.
 */
export function gather(
  x: Tensor,
  indices: Tensor | readonly number[],
  { axis = 0 }: { readonly axis?: number } = {},
): Tensor {
  const at = axisOf("gather", axis, x.shape.length);
  const size = x.shape[at]!;
  if (indices instanceof Tensor && indices.dtype !== "i64" && indices.dtype !== "i32") {
    throw new TypeError(`gather: expected i64 or i32 indices, got ${indices.dtype}`);
  }
  const list = indices instanceof Tensor ? indices.numbers() : indices;
  const picks = Int32Array.from(list, (index) => {
    if (!Number.isInteger(index) || index < -size || index >= size) {
      throw new RangeError(`gather: expected indices from ${-size} to ${size - 1}, got ${index}`);
    }
    return index < 0 ? index + size : index;
  });
  const shape = indices instanceof Tensor ? indices.shape : [list.length];
  return gatherRow(x, { indices: picks, shape, axis: at });
}
