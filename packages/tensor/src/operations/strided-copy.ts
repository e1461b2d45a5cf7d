import { wasm } from "@neft/kernels";
import type { Shape } from "../shape.js";
import { type Tensor, zeros } from "../tensor.js";

/** A copy between strided views of two arrays. Strides and offsets are in elements. */
export interface StridedCopy {
  /** Sizes of both views; each has one stride per axis. */
  readonly dims: readonly number[];
  readonly from: { readonly strides: readonly number[]; readonly offset: number };
  readonly to: { readonly strides: readonly number[]; readonly offset: number };
}

/** Copies the view `copy.from` of `from` to the view `copy.to` of `to`. Other elements of `to` stay unchanged. */
export function copyStrided(copy: StridedCopy, from: Tensor, to: Tensor): void {
  const [s, d] = [[...copy.from.strides], [...copy.to.strides]];
  wasm().copyStrided(from.ptr, from.size, to.ptr, to.size, [...copy.dims], s, d, copy.from.offset, copy.to.offset);
}

/** The gradient of {@link copyStrided}: adds the view `copy.to` of `dy` to the view `copy.from` of `dx`. */
export function accumulateStrided(copy: StridedCopy, dy: Tensor, dx: Tensor): void {
  const [s, d] = [[...copy.to.strides], [...copy.from.strides]];
  wasm().accumulateStrided(dy.ptr, dy.size, dx.ptr, dx.size, [...copy.dims], s, d, copy.to.offset, copy.from.offset);
}

/** Gradient by the source of a copy, given that by its destination. `shape`: shape of the source; elements not copied get 0. */
export function copyGradient(copy: StridedCopy, dy: Tensor, shape: Shape): Tensor {
  const dx = zeros(shape);
  accumulateStrided(copy, dy, dx);
  return dx;
}
