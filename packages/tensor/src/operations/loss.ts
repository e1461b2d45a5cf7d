import { allocate, i32, release, wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { shapeText } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { scale } from "./elementwise.js";

export const crossEntropyRow = defineOp<[logits: Tensor], { readonly labels: Int32Array }>({
  name: "crossEntropy",
  shape: ([logits], { labels }) => {
    const [rows, classes] = logits.shape;
    if (logits.shape.length !== 2 || rows === 0 || classes === undefined) {
      throw new RangeError(`crossEntropy: expected logits [samples ≥ 1, classes], got ${shapeText(logits.shape)}`);
    }
    if (labels.length !== rows) throw new RangeError(`crossEntropy: expected ${rows} labels, got ${labels.length}`);
    for (const [i, label] of labels.entries()) {
      if (!(label >= 0 && label < classes)) {
        throw new RangeError(`crossEntropy: expected labels from 0 to ${classes - 1}, got ${label} for sample ${i}`);
      }
    }
    return [];
  },
  saved: ([logits]) => [logits.shape],
  forward: ([logits], { labels }, y, [gradient]) => {
    const [rows, classes] = logits.shape as [number, number];
    const address = allocate(4 * rows);
    try {
      i32(address, rows).set(labels);
      wasm().fill(y.ptr, 1, wasm().crossEntropy(logits.ptr, address, gradient?.ptr ?? 0, rows, classes));
    } finally {
      release(address, 4 * rows);
    }
  },
  // The forward pass has the probabilities at hand and writes the whole gradient.
  vjp: [
    (dy, { saved: [gradient] }) => {
      const factor = dy.item();
      return factor === 1 ? gradient! : scale(gradient!, factor);
    },
  ],
  keeps: [],
  samples: [
    { inputs: [{ shape: [3, 5] }], attributes: { labels: Int32Array.of(4, 0, 2) } },
    { inputs: [{ shape: [1, 17] }], attributes: { labels: Int32Array.of(16) } },
    { inputs: [{ shape: [5, 1] }], attributes: { labels: new Int32Array(5) } },
  ],
});

/**
 * Mean over samples of −ln softmax(logits)[label], a scalar. logits [samples, classes].
 *
 * @throws {RangeError} when the labels aren't one a sample, from 0 to classes − 1.
 */
export function crossEntropy(logits: Tensor, labels: Int32Array): Tensor {
  return crossEntropyRow(logits, { labels });
}
