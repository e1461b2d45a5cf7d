import { call, wasm } from "@neft/kernels";
import { type TensorData, zeroData } from "../dtype.js";
import type { Shape } from "../shape.js";
import { type Tensor, zeros } from "../tensor.js";

/** A copy between strided views; strides and offsets in elements, one stride an axis of `dims`. */
export interface Movement {
  readonly dims: readonly number[];
  readonly from: { readonly strides: readonly number[]; readonly offset: number };
  readonly to: { readonly strides: readonly number[]; readonly offset: number };
}

const ints = (values: readonly number[]): Int32Array => Int32Array.from(values);

/** Copies as `m` says. */
export function move(m: Movement, from: Tensor, to: Tensor): void {
  const views = { from: from.ptr, fromSize: from.size, fromOffset: m.from.offset };
  const fields = call.movement({ ...views, to: to.ptr, toSize: to.size, toOffset: m.to.offset });
  wasm().copyStrided(fields, ints(m.dims), ints(m.from.strides), ints(m.to.strides));
}

/** Adds `from`, read where `m` writes, to `to`, where `m` reads: the gradient of {@link move}. */
export function moveBack(m: Movement, from: Tensor, to: Tensor): void {
  const views = { from: from.ptr, fromSize: from.size, fromOffset: m.to.offset };
  const fields = call.movement({ ...views, to: to.ptr, toSize: to.size, toOffset: m.from.offset });
  wasm().accumulateStrided(fields, ints(m.dims), ints(m.to.strides), ints(m.from.strides));
}

/** The gradient of a movement out of a tensor of shape `shape`. */
export function pulledBack(m: Movement, dy: Tensor, shape: Shape): Tensor {
  const dx = zeros(shape);
  moveBack(m, dy, dx);
  return dx;
}

/** The same copy between typed arrays. */
export function moveTyped(m: Movement, from: TensorData, to: TensorData): void {
  if (m.dims.includes(0)) return;
  const rank = m.dims.length;
  const index = new Array<number>(rank).fill(0);
  let [s, d] = [m.from.offset, m.to.offset];
  for (;;) {
    to[d] = from[s] as never;
    let axis = rank - 1;
    for (; axis >= 0; axis--) {
      s += m.from.strides[axis]!;
      d += m.to.strides[axis]!;
      if (++index[axis]! < m.dims[axis]!) break;
      s -= m.from.strides[axis]! * m.dims[axis]!;
      d -= m.to.strides[axis]! * m.dims[axis]!;
      index[axis] = 0;
    }
    if (axis < 0) return;
  }
}

/** A typed array of `size` elements that receives `m`. */
export function movedTyped(m: Movement, from: Tensor, size: number): TensorData {
  const to = zeroData(from.dtype, size);
  moveTyped(m, from.values(), to);
  return to;
}
