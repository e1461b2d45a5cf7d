import { wasm } from "@neft/kernels";
import type { Tensor } from "./tensor.js";

/** max |x| of an f32 tensor: 0 for an empty one, Infinity when an element is NaN. @throws {Error} when x is freed or not f32. */
export function maxAbs(x: Tensor): number {
  return wasm().maxAbs(x.ptr, x.size);
}
