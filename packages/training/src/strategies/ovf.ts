import { feedbackLoss } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/**
 * Oriented variational forward: the same batch and weights run again at larger σ, and what those forwards say is fed back
 * negatively. γ = 1 belongs to the largest σ. Batch norm's running statistics are updated by each of the forwards.
 *
 * Source: Qin et al., NeFT, IEEE TCAD 2025; first in arXiv 2508.12195.
 */
export const ovf = defineStrategy({
  id: "ovf",
  summary: "oriented variational forward: negative feedback from forwards at larger sigma",
  defaults: { beta: 0.1, gamma: [1, 0.1, 0.01], deltaSigma: [0.15, 0.1, 0.05] },
  loss: ({ forward, sigma, labels }, { beta, gamma, deltaSigma }) => {
    const logits = forward({ sigma, draw: 0 }).logits;
    const feedback = deltaSigma.map((delta, i) => forward({ sigma: sigma + delta, draw: i + 1 }).logits);
    return feedbackLoss(logits, feedback, labels, { beta, gamma });
  },
});
