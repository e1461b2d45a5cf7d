import { feedbackLoss } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/**
 * OVF and IRS together: the feedback outputs are the logits of extra forward passes at larger σ, then those of the heads. γ is in this
 * order.
 */
export const ovfIrs = defineStrategy({
  id: "ovf-irs",
  summary: "both feedbacks: forward passes at larger sigma, then heads on shallow features",
  source: "the two methods of Qin et al., NeFT, IEEE TCAD 2025; the combination is ours",
  defaults: {
    beta: 0.1,
    gamma: [1, 0.1, 0.01, 1, 0.1, 0.01],
    deltaSigma: [0.15, 0.1, 0.05],
    sizes: [6, 4, 3],
    hidden: 512,
  },
  optional: ["taps", "headSigma"],
  hasHeads: true,
  cost: ({ deltaSigma }) => ({ forward: 1 + deltaSigma.length, backward: 1 + deltaSigma.length }),
  loss: ({ forward, sigma, labels }, { beta, gamma, deltaSigma }) => {
    const { logits, heads } = forward({ sigma, draw: 0 });
    const feedback = deltaSigma.map((delta, i) => forward({ sigma: sigma + delta, draw: i + 1 }).logits);
    return feedbackLoss(logits, [...feedback, ...heads], labels, { beta, gamma });
  },
});
