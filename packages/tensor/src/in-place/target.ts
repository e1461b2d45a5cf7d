import { isSameShape, shapeText } from "../shape.js";
import type { Tensor } from "../tensor.js";

/**
 * Checks a tensor that an update overwrites and the tensors it reads.
 *
 * @throws {Error} unless the target is a live f32 parameter or constant: overwriting an operation's result would make gradients wrong.
 * @throws {RangeError} when an operand's shape isn't the target's.
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
    throw new Error(`${who}: expected a parameter or a constant to overwrite, got an operation's result`);
  }
}
