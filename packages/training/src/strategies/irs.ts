import { feedbackLoss } from "../feedback-loss.js";
import { defineStrategy } from "../strategy.js";

/**
 * Intermediate representation snapshot (IRS): the feedback outputs are the logits of heads on shallow features. γ is ordered from the
 * shallowest head, with γ = 1, to the deepest. The heads are trained along with the network and dropped at the end.
 *
 * Source: Qin et al., NeFT, IEEE TCAD 2025.
 */
export const irs = defineStrategy({
  id: "irs",
  summary: "intermediate representation snapshot: negative feedback from heads on shallow features",
  source: "Qin et al., NeFT: Negative Feedback Training, IEEE TCAD 2025, arXiv 2305.14561",
  defaults: { beta: 0.1, gamma: [1, 0.1, 0.01, 0.001], sizes: [6, 4, 3], hidden: 512 },
  optional: ["taps", "headSigma"],
  hasHeads: true,
  cost: () => ({ forward: 1, backward: 1 }),
  loss: ({ forward, sigma, labels }, { beta, gamma }) => {
    const { logits, heads } = forward({ sigma, draw: 0 });
    return feedbackLoss(logits, heads, labels, { beta, gamma });
  },
});
