import { crossEntropy, scale } from "@neft/tensor";
import { norm } from "../norm.js";
import { defineStrategy } from "../strategy.js";

/**
 * Sharpness-aware minimisation of the loss of a chip: the gradient is taken at W + ρ·g/‖g‖, with g the gradient at W on the same chip. Shards
 * climb by the gradient of their own samples, as in the paper.
 */
export const sam = defineStrategy({
  id: "sam",
  summary: "noise injection with sharpness-aware minimisation: gradients at the worst weights nearby",
  source: "Foret et al., Sharpness-aware minimization for efficiently improving generalization, ICLR 2021",
  defaults: { rho: 0.05 },
  cost: () => ({ forward: 2, backward: 2 }),
  loss: ({ forward, gradients, sigma, labels }, { rho }) => {
    const slopes = gradients(crossEntropy(forward({ sigma, draw: 0 }).logits, labels));
    const length = norm(slopes.map((one) => one.floats()));
    // At a stationary point there is no direction up.
    const offset = length > 0 ? slopes.map((one) => scale(one, rho / length)) : [...slopes];
    return crossEntropy(forward({ sigma, draw: 0, offset }).logits, labels);
  },
});
