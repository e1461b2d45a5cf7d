import { wasm } from "@neft/kernels";
import type { Shape } from "../shape.js";
import { type Tensor, zeros } from "../tensor.js";

/** A copy between strided views of two arrays. Strides, one for each axis of `dims`, and offsets are in elements. */
export interface Movement {
  readonly dims: readonly number[];
  readonly from: { readonly strides: readonly number[]; readonly offset: number };
  readonly to: { readonly strides: readonly number[]; readonly offset: number };
}

/** Copies elements of `from` to `to`; others of `to` stay as they are. */
export function move(m: Movement, from: Tensor, to: Tensor): void {
  const [s, d] = [[...m.from.strides], [...m.to.strides]];
  wasm().copyStrided(from.ptr, from.size, to.ptr, to.size, [...m.dims], s, d, m.from.offset, m.to.offset);
}

/** The gradient of {@link move}: adds elements of `from`, addressed by `m.to`, to `to`, addressed by `m.from`. */
export function moveBack(m: Movement, from: Tensor, to: Tensor): void {
  const [s, d] = [[...m.to.strides], [...m.from.strides]];
  wasm().accumulateStrided(from.ptr, from.size, to.ptr, to.size, [...m.dims], s, d, m.to.offset, m.from.offset);
}

/** The gradient of a copy out of a tensor of shape `shape`: zeros where nothing was copied. */
export function pulledBack(m: Movement, dy: Tensor, shape: Shape): Tensor {
  const dx = zeros(shape);
  moveBack(m, dy, dx);
  return dx;
}
