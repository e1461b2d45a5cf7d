import { wasm } from "@neft/kernels";
import type { Tensor } from "./tensor.js";

/** max |x| over the elements of an f32 tensor: 0 where it has none, infinite where one is NaN. @throws {Error} when it is gone. */
export function maxAbs(x: Tensor): number {
  return wasm().maxAbs(x.ptr, x.size);
}
