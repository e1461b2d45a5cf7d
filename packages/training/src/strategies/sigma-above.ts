import { crossEntropy } from "@neft/tensor";
import { defineStrategy } from "../strategy.js";

/** Noise injection at a multiple of the setting `sigma`, which stays that of the validation chips. */
export const sigmaAbove = defineStrategy({
  id: "sigma-above",
  summary: "noise injection at a multiple of sigma; validation chips keep sigma itself",
  defaults: { sigmaFactor: 1.5 },
  cost: () => ({ forward: 1, backward: 1 }),
  loss: ({ forward, sigma, labels }, { sigmaFactor }) =>
    crossEntropy(forward({ sigma: sigma * sigmaFactor, draw: 0 }).logits, labels),
});
