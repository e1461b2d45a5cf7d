import { allocate, i32, release, wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { shapeText } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { scale } from "./elementwise.js";

/** The operation of {@link crossEntropy}. */
export const crossEntropyOp = defineOp<[logits: Tensor], { readonly labels: Int32Array }>({
  name: "crossEntropy",
  shape: ([logits], { labels }) => {
    const [rows, classes] = logits.shape;
    if (logits.shape.length !== 2 || rows === 0 || classes === undefined) {
      throw new RangeError(`crossEntropy: expected logits [samples ≥ 1, classes], got ${shapeText(logits.shape)}`);
    }
    if (labels.length !== rows) throw new RangeError(`crossEntropy: expected ${rows} labels, got ${labels.length}`);
    const wrong = labels.findIndex((label) => !(label >= 0 && label < classes));
    if (wrong >= 0) {
      throw new RangeError(
        `crossEntropy: expected labels from 0 to ${classes - 1}, got ${labels[wrong]} for sample ${wrong}`,
      );
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
  // The forward pass computes the probabilities anyway, so it writes the gradient too.
  vjp: [
    (dy, { saved: [gradient] }) => {
      const factor = dy.item();
      return factor === 1 ? gradient! : scale(gradient!, factor);
    },
  ],
  keeps: [],
  examples: [
    { inputs: [{ shape: [3, 5] }], attributes: { labels: Int32Array.of(4, 0, 2) } },
    { inputs: [{ shape: [1, 17] }], attributes: { labels: Int32Array.of(16) } },
    { inputs: [{ shape: [5, 1] }], attributes: { labels: new Int32Array(5) } },
  ],
});

/**
 * Mean cross entropy, a scalar: the mean over the samples of −ln softmax(logits)[label].
 *
 * @param logits  [samples, classes], with at least one sample.
 * @param labels  Class of each sample, 0 … classes − 1.
 * @throws {RangeError} when the shape of the logits, the number of labels or a label is wrong.
 */
export function crossEntropy(logits: Tensor, labels: Int32Array): Tensor {
  return crossEntropyOp(logits, { labels });
}
