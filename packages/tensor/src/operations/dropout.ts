import { wasm } from "@neft/kernels";
import { defineOp, type Operation } from "../operation.js";
import type { Tensor } from "../tensor.js";

/** Attributes of {@link dropout}. */
export interface DropoutAttributes {
  /** Probability of setting an element to 0, in [0, 1). */
  readonly p: number;
  /** Key of the mask's random stream: equal keys give equal masks. */
  readonly key: bigint;
}

/** The operation of {@link dropout}. */
export const dropoutOp: Operation<[x: Tensor], DropoutAttributes> = defineOp({
  name: "dropout",
  shape: ([x], { p }) => {
    if (!(p >= 0 && p < 1)) throw new RangeError(`dropout: expected p ≥ 0 and < 1, got ${p}`);
    return [...x.shape];
  },
  forward: ([x], { p, key }, y) => {
    wasm().fillUniform(key, y.ptr, y.size);
    wasm().dropOut(x.ptr, y.ptr, y.size, p);
  },
  // Drawing the mask again saves the memory to keep it.
  vjp: [(dy, { attributes }) => dropoutOp(dy, attributes)],
  keeps: [],
  examples: [
    { inputs: [{ shape: [5, 17] }], attributes: { p: 0.4, key: 5n } },
    { inputs: [{ shape: [3] }], attributes: { p: 0, key: 6n } },
  ],
});

/** Sets each element to 0 with probability p and divides the others by 1 − p. @throws {RangeError} when p isn't in [0, 1). */
export function dropout(x: Tensor, attributes: DropoutAttributes): Tensor {
  return dropoutOp(x, attributes);
}
