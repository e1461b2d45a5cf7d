import { crossEntropy } from "@neft/tensor";
import { temper } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/** Noise injection with the factor 1/(N + 1) of the negative feedback loss, but no feedback (β = 0): a control for that factor. */
export const temperature = defineStrategy({
  id: "temperature",
  summary: "noise injection with the logits divided by N + 1: control for negative feedback (beta 0)",
  defaults: { divisorN: 3 },
  cost: () => ({ forward: 1, backward: 1 }),
  loss: ({ forward, sigma, labels }, { divisorN }) =>
    crossEntropy(temper(forward({ sigma, draw: 0 }).logits, divisorN), labels),
});
