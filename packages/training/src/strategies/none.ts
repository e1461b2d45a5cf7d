import { feedbackLoss } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/** Plain finetuning of the digital network, without variation: a control. */
export const none = defineStrategy({
  id: "none",
  summary: "plain finetuning, no variation in training",
  defaults: {},
  cost: () => ({ forward: 1, backward: 1 }),
  loss: ({ forward, labels }) =>
    feedbackLoss(forward({ sigma: 0, draw: 0 }).logits, [], labels, { beta: 0, gamma: [] }),
});
