import { writeWeights } from "@neft/evaluation";
import { real } from "@neft/options";
import { addScaled, persistent, scope, sub } from "@neft/tensor";
import { defineModifier } from "../modifier.js";

/**
 * An exponential moving average of all that a run changes, running statistics included: a ← a + (1 − d)·(w − a) after each step, with
 * d = min(decay, (1 + t)/(10 + t)) at step t, so that a short run's average isn't its first weights. The averages are validated and kept; training
 * goes on from the weights themselves.
 */
export const ema = defineModifier({
  id: "ema",
  summary: "validate and keep an exponential moving average of the weights",
  source:
    "Polyak & Juditsky, SIAM J. Control Optim. 30(4), 1992; the warm-up as in TensorFlow's ExponentialMovingAverage",
  cost: "none",
  settings: {
    ema: {
      kind: real({ min: 0, below: 1 }, "<d>"),
      about:
        "validate and keep an exponential moving average of the weights with decay d, smaller in the first steps, in place of the weights themselves",
      group: "Training:",
    },
  },
  start({ tensors, position }, { ema: decay }) {
    const averages = tensors.map((one) => persistent(one.floats(), one.shape));
    return {
      afterStep: () => {
        const { step } = position();
        const share = 1 - Math.min(decay!, (1 + step) / (10 + step));
        // A difference of 0 adds nothing: what doesn't train keeps its bits.
        for (const [i, average] of averages.entries())
          scope(() => addScaled(average, sub(tensors[i]!, average), share));
      },
      candidate: () => {
        writeWeights(
          tensors,
          averages.map((one) => one.floats()),
        );
      },
      read: () => averages.map((one) => one.floats()),
      write: (state) => writeWeights(averages, state),
      dispose: () => {
        for (const one of averages) one.dispose();
      },
    };
  },
});
