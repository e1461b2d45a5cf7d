import { feedbackLoss } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/**
 * Oriented variational forward (OVF): the feedback outputs are the logits of extra forward passes of the same batch at larger σ.
 * γ = 1 belongs to the largest σ. Every forward pass updates the running statistics of batch normalisation.
 *
 * Source: Qin et al., NeFT, IEEE TCAD 2025; first in arXiv 2508.12195.
 */
export const ovf = defineStrategy({
  id: "ovf",
  summary: "oriented variational forward: negative feedback from forward passes at larger sigma",
  source:
    "Qin et al., NeFT: Negative Feedback Training, IEEE TCAD 2025, arXiv 2305.14561; OVF first in arXiv 2508.12195",
  defaults: { beta: 0.1, gamma: [1, 0.1, 0.01], deltaSigma: [0.15, 0.1, 0.05] },
  cost: ({ deltaSigma }) => ({ forward: 1 + deltaSigma.length, backward: 1 + deltaSigma.length }),
  loss: ({ forward, sigma, labels }, { beta, gamma, deltaSigma }) => {
    const logits = forward({ sigma, draw: 0 }).logits;
    const feedback = deltaSigma.map((delta, i) => forward({ sigma: sigma + delta, draw: i + 1 }).logits);
    return feedbackLoss(logits, feedback, labels, { beta, gamma });
  },
});
