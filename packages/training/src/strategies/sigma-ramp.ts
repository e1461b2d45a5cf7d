import { crossEntropy } from "@neft/tensor";
import { defineStrategy } from "../strategy.js";

/** Noise injection whose σ changes linearly over the run, from the first factor of `sigma` at the first step to the second at the last. */
export const sigmaRamp = defineStrategy({
  id: "sigma-ramp",
  summary: "noise injection at a sigma that grows linearly over the run",
  defaults: { sigmaFactors: [0, 1] as readonly [number, number] },
  cost: () => ({ forward: 1, backward: 1 }),
  loss: ({ forward, sigma, labels, position: { step, steps } }, { sigmaFactors: [from, to] }) => {
    const done = steps > 1 ? step / (steps - 1) : 1;
    return crossEntropy(forward({ sigma: sigma * (from + (to - from) * done), draw: 0 }).logits, labels);
  },
});
