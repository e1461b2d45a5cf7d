import { real } from "@neft/options";
import { scale } from "@neft/tensor";
import { distillationLoss } from "../distillation-loss.js";
import { defineModifier } from "../modifier.js";

/**
 * Adds w·T²·KL to the loss of a step: from the scores of the network before finetuning, without variation, to those of the step's first pass
 * whose gradients are still to come.
 */
export const distill = defineModifier({
  id: "distill",
  summary: "add to the loss the divergence from the outputs of the network before finetuning",
  source: "Hinton, Vinyals & Dean, Distilling the knowledge in a neural network, arXiv 1503.02531, 2015",
  cost: "1 forward pass a step",
  settings: {
    distill: {
      kind: real({ above: 0 }, "<w>"),
      about:
        "add w times the divergence from the class scores of the network before finetuning to the loss of a strategy that reads labels",
      group: "Training:",
    },
    distillTemperature: {
      kind: real({ above: 0 }, "<t>"),
      about: "with distill: divisor of the scores",
      default: 1,
      group: "Training:",
    },
  },
  term:
    ({ distill: weight, distillTemperature: temperature }) =>
    (outputs, teacher) => {
      const clean = teacher.map((values) => ({ values, power: 1 }));
      return scale(distillationLoss(outputs, clean, { distance: "kl", temperature: temperature! }), weight!);
    },
});
