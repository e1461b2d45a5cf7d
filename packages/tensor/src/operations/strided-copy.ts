import { call, wasm } from "@neft/kernels";
import type { Shape } from "../shape.js";
import { type Tensor, zeros } from "../tensor.js";

/** A copy between strided views of two arrays. Strides and offsets are in elements. */
export interface StridedCopy {
  /** Sizes of both views; each has one stride per axis. */
  readonly dims: readonly number[];
  readonly from: { readonly strides: readonly number[]; readonly offset: number };
  readonly to: { readonly strides: readonly number[]; readonly offset: number };
}

/** Sizes or strides for a kernel. @throws {RangeError} for a value outside 32 bits, which a typed array would wrap. */
export function ints(values: readonly number[]): Int32Array {
  const result = new Int32Array(values.length);
  for (let i = 0; i < result.length; i++) {
    const value = values[i]!;
    if ((value | 0) !== value)
      throw new RangeError(`strided copy: expected sizes and strides of 32 bits, got ${value}`);
    result[i] = value;
  }
  return result;
}

/** Descriptor of a copy. */
function movement(from: Tensor, fromOffset: number, to: Tensor, toOffset: number): number {
  return call.movement({ from: from.ptr, fromSize: from.size, fromOffset, to: to.ptr, toSize: to.size, toOffset });
}

/** Copies the view `copy.from` of `from` to the view `copy.to` of `to`. Other elements of `to` stay unchanged. */
export function copyStrided(copy: StridedCopy, from: Tensor, to: Tensor): void {
  const fields = movement(from, copy.from.offset, to, copy.to.offset);
  wasm().copyStrided(fields, ints(copy.dims), ints(copy.from.strides), ints(copy.to.strides));
}

/** The gradient of {@link copyStrided}: adds the view `copy.to` of `dy` to the view `copy.from` of `dx`. */
export function accumulateStrided(copy: StridedCopy, dy: Tensor, dx: Tensor): void {
  const fields = movement(dy, copy.to.offset, dx, copy.from.offset);
  wasm().accumulateStrided(fields, ints(copy.dims), ints(copy.to.strides), ints(copy.from.strides));
}

/** Gradient by the source of a copy, given that by its destination. `shape`: shape of the source; elements not copied get 0. */
export function copyGradient(copy: StridedCopy, dy: Tensor, shape: Shape): Tensor {
  const dx = zeros(shape);
  accumulateStrided(copy, dy, dx);
  return dx;
}
