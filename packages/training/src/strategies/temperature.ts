import { crossEntropy } from "@neft/tensor";
import { temper } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/** Noise injection with the 1/(N + 1) of the negative feedback loss and no feedback (β = 0): shows what that factor does alone. */
export const temperature = defineStrategy({
  id: "temperature",
  summary: "noise injection with the logits divided by N + 1: negative feedback's control (beta 0)",
  defaults: { divisorN: 3 },
  loss: ({ forward, sigma, labels }, { divisorN }) =>
    crossEntropy(temper(forward({ sigma, draw: 0 }).logits, divisorN), labels),
});
