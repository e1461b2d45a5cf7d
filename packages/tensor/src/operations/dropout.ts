import { wasm } from "@neft/kernels";
import { defineOp, type Operation } from "../operation.js";
import type { Tensor } from "../tensor.js";

/** Settings of {@link dropout}. */
export interface DropoutAttributes {
  /** Share of elements set to 0, in [0, 1). */
  readonly p: number;
  /** Key of the stream the mask is drawn from: equal keys give equal masks. */
  readonly key: bigint;
}

export const dropoutRow: Operation<[x: Tensor], DropoutAttributes> = defineOp({
  name: "dropout",
  shape: ([x], { p }) => {
    if (!(p >= 0 && p < 1)) throw new RangeError(`dropout: expected p from 0 to below 1, got ${p}`);
    return [...x.shape];
  },
  forward: ([x], { p, key }, y) => {
    wasm().fillUniform(key, y.ptr, y.size);
    wasm().dropOut(x.ptr, y.ptr, y.size, p);
  },
  // The mask is drawn again instead of kept.
  vjp: [(dy, { attributes }) => dropoutRow(dy, attributes)],
  keeps: [],
  samples: [
    { inputs: [{ shape: [5, 17] }], attributes: { p: 0.4, key: 5n } },
    { inputs: [{ shape: [3] }], attributes: { p: 0, key: 6n } },
  ],
});

/** Sets a random share p of the elements to 0 and divides the others by 1 − p. */
export function dropout(x: Tensor, attributes: DropoutAttributes): Tensor {
  return dropoutRow(x, attributes);
}
