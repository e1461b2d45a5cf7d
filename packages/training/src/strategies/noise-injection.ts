import { feedbackLoss } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/** Noise injection: every step runs with weights that vary like a chip's. */
export const noiseInjection = defineStrategy({
  id: "noise-injection",
  summary: "train with weights that vary like a chip's",
  defaults: {},
  cost: () => ({ forward: 1, backward: 1 }),
  loss: ({ forward, sigma, labels }) =>
    feedbackLoss(forward({ sigma, draw: 0 }).logits, [], labels, { beta: 0, gamma: [] }),
});
