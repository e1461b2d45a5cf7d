import { f32 } from "@neft/kernels";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/**
 * target ← clamp(target, ±c·rms(target)), in place; rms = √(Σx²/size).
 *
 * @param c  In root mean squares; > 0.
 * @throws as {@link checkTarget}.
 */
export function clipToRootMeanSquare(target: Tensor, c: number): void {
  checkTarget("clipToRootMeanSquare", target);
  const values = f32(target.ptr, target.size);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += values[i]! * values[i]!;
  // At c = 1 equal values stay only if the rounding of their own root mean square is allowed for.
  const bound = c * Math.sqrt(squares / values.length) * (1 + 1e-9);
  for (let i = 0; i < values.length; i++) {
    if (values[i]! > bound) values[i] = bound;
    else if (values[i]! < -bound) values[i] = -bound;
  }
}
