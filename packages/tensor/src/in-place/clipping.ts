import { f32 } from "@neft/kernels";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/**
 * Clips a tensor in place: target ← clamp(target, −c·rms, c·rms), where rms = √(Σ target²/size).
 *
 * @param c  Bound in units of the root mean square; > 0.
 * @throws as {@link checkTarget}.
 */
export function clipToRootMeanSquare(target: Tensor, c: number): void {
  checkTarget("clipToRootMeanSquare", target);
  const values = f32(target.ptr, target.size);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! * values[i]!;
  // At c = 1 equal values must stay unchanged: the factor covers the rounding of their root mean square.
  const bound = c * Math.sqrt(squares / values.length) * (1 + 1e-9);
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > bound) values[i] = bound;
    else if (values[i]! < -bound) values[i] = -bound;
  }
}
