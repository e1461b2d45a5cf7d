import { arrayNodes } from "@neft/model";
import { real } from "@neft/options";
import { clipToRootMeanSquare } from "@neft/tensor";
import { defineModifier } from "../modifier.js";

/**
 * Clips every array weight in place: w ← clamp(w, ± c·rms(w)) with rms = √(Σw²/n). Biases are not clipped. The variation is
 * proportional to max|W|, so clipping a few large weights reduces it directly.
 *
 * The root mean square is taken about 0, not about the mean, so that a tensor of equal weights is left unchanged. c must be at least
 * 1: max|W| ≥ rms in every tensor, so a smaller c would shrink all weights at each step, toward 0.
 */
export const clip = defineModifier({
  id: "clip",
  summary: "clip each array weight to ± c times its root mean square after every step",
  cost: "none",
  settings: {
    clip: {
      kind: real({ min: 1 }, "<c>"),
      about: "after each step, clip every trained crossbar weight to ± c times its tensor's root mean square; c ≥ 1",
      group: "Training:",
    },
  },
  start({ model, frozen }, { clip: c }) {
    const names = new Set(arrayNodes(model).map(({ weight }) => weight));
    const weights = [...names].filter((name) => !frozen.has(name)).map((name) => model.parameters.get(name)!);
    return {
      afterStep: () => {
        for (const weight of weights) clipToRootMeanSquare(weight, c!);
      },
    };
  },
});
