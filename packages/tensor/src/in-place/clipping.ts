import { wasm } from "@neft/kernels";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/**
 * target ← clamp(target, ±c·std(target)), in place; std has the divisor size − 1.
 *
 * @param c  In standard deviations; > 0.
 * @throws as {@link checkTarget}.
 */
export function clipToStd(target: Tensor, c: number): void {
  checkTarget("clipToStd", target);
  wasm().clipToStd(target.ptr, target.size, c);
}
