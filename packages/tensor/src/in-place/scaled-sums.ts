import { unaryCode, wasm } from "@neft/kernels";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/** target ← factor·x, in place. @throws as {@link checkTarget}. */
export function setScaled(target: Tensor, x: Tensor, factor: number): void {
  checkTarget("setScaled", target, [x]);
  wasm().unary(unaryCode.scale, x.ptr, target.ptr, target.size, factor, 0);
}

/** target ← target + factor·x, in place. @throws as {@link checkTarget}. */
export function addScaled(target: Tensor, x: Tensor, factor: number): void {
  checkTarget("addScaled", target, [x]);
  wasm().axpy(factor, x.ptr, target.ptr, target.size);
}
