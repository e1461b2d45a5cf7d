import { feedbackLoss } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/** The weights of every step vary as a chip's would. */
export const noiseInjection = defineStrategy({
  id: "noise-injection",
  summary: "train with weights that vary as a chip's do",
  defaults: {},
  loss: ({ forward, sigma, labels }) =>
    feedbackLoss(forward({ sigma, draw: 0 }).logits, [], labels, { beta: 0, gamma: [] }),
});
