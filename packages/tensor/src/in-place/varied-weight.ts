import { type Variation, writeVaried } from "../operations/variation.js";
import type { Tensor } from "../tensor.js";
import { checkTarget } from "./target.js";

/**
 * target ← weight + ΔW, in place: the weight that a product with this variation uses, to the last bit.
 *
 * @param target  Of the weight's shape, [outputs or inputs, ..] as the weight is stored; may be the weight itself.
 * @throws {RangeError} for a variation that differs by sample, which no single weight has, or a number of it out of range.
 * @throws as {@link checkTarget}.
 */
export function setVaried(target: Tensor, weight: Tensor, variation: Variation): void {
  checkTarget("setVaried", target, [weight]);
  if (variation.perSample) throw new RangeError("setVaried: expected one draw for the weight, got perSample");
  writeVaried("setVaried", weight, variation, target);
}
