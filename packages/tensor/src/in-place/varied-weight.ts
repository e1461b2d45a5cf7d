import { type Variation, writeVaried } from "../operations/variation.js";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/**
 * target ← weight + ΔW, in place: bit-identical to the weight that a product with this variation uses.
 *
 * @param target  May be the weight itself.
 * @param weight  In its stored layout, the shape of `target`.
 * @throws {RangeError} for a per-sample variation, or one with a number out of range.
 * @throws as {@link checkTarget}.
 */
export function setVaried(target: Tensor, weight: Tensor, variation: Variation): void {
  checkTarget("setVaried", target, [weight]);
  if (variation.perSample) throw new RangeError("setVaried: expected one draw for the weight, got perSample");
  writeVaried("setVaried", weight, variation, target);
}
