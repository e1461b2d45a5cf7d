import { isSameShape, shapeText } from "../shape.js";
import type { Tensor } from "../tensor.js";

/**
 * Checks the target and the operands of an in-place update.
 *
 * @throws {Error} when a tensor is freed, or the target is the result of an operation: overwriting it would make gradients wrong.
 * @throws {TypeError} when a tensor isn't f32.
 * @throws {RangeError} when an operand's shape differs from the target's.
 */
export function checkTarget(who: string, target: Tensor, operands: readonly Tensor[] = []): void {
  for (const tensor of [target, ...operands]) {
    tensor.check(who);
    if (tensor.dtype !== "f32") throw new TypeError(`${who}: expected f32 tensors, got ${tensor.dtype}`);
    if (!isSameShape(tensor.shape, target.shape)) {
      throw new RangeError(
        `${who}: expected tensors of one shape, got ${shapeText(target.shape)} and ${shapeText(tensor.shape)}`,
      );
    }
  }
  if (target.node !== undefined) {
    throw new Error(`${who}: expected a parameter or a constant to overwrite, got the result of an operation`);
  }
}
