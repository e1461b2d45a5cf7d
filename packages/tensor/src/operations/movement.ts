import { call, wasm } from "@neft/kernels";
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
  const views = { from: from.ptr, fromSize: from.size, fromOffset: m.from.offset };
  const fields = call.movement({ ...views, to: to.ptr, toSize: to.size, toOffset: m.to.offset });
  wasm().copyStrided(fields, ints(m.dims), ints(m.from.strides), ints(m.to.strides));
}

/** The gradient of {@link move}: adds elements of `from`, addressed by `m.to`, to `to`, addressed by `m.from`. */
export function moveBack(m: Movement, from: Tensor, to: Tensor): void {
  const views = { from: from.ptr, fromSize: from.size, fromOffset: m.to.offset };
  const fields = call.movement({ ...views, to: to.ptr, toSize: to.size, toOffset: m.from.offset });
  wasm().accumulateStrided(fields, ints(m.dims), ints(m.to.strides), ints(m.from.strides));
}

/** The gradient of a copy out of a tensor of shape `shape`: zeros where nothing was copied. */
export function pulledBack(m: Movement, dy: Tensor, shape: Shape): Tensor {
  const dx = zeros(shape);
  moveBack(m, dy, dx);
  return dx;
}
