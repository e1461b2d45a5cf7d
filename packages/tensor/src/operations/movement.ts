import { wasm } from "@neft/kernels";
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
  const [s, d] = [ints(m.from.strides), ints(m.to.strides)];
  wasm().copyStrided(from.ptr, from.size, to.ptr, to.size, ints(m.dims), s, d, m.from.offset, m.to.offset);
}

/** Adds `from`, read where `m` writes, to `to`, where `m` reads: the gradient of {@link move}. */
export function moveBack(m: Movement, from: Tensor, to: Tensor): void {
  const [s, d] = [ints(m.to.strides), ints(m.from.strides)];
  wasm().accumulateStrided(from.ptr, from.size, to.ptr, to.size, ints(m.dims), s, d, m.to.offset, m.from.offset);
}

/** The gradient of a movement out of a tensor of shape `shape`. */
export function pulledBack(m: Movement, dy: Tensor, shape: Shape): Tensor {
  const dx = zeros(shape);
  moveBack(m, dy, dx);
  return dx;
}
