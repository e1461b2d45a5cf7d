import { distillationLoss } from "../distillation-loss.js";
import { defineStrategy } from "../strategy.js";

/**
 * Distillation: the network with weights that vary like a chip's is trained towards its own outputs before finetuning, without variation.
 * It needs no labels and takes outputs of any shape. With σ = 0 it changes nothing.
 */
export const distillation = defineStrategy({
  id: "distillation",
  summary:
    "train with weights that vary like a chip's towards the outputs of the network before finetuning; needs no labels",
  source: "Hinton, Vinyals & Dean, Distilling the knowledge in a neural network, arXiv 1503.02531, 2015",
  target: "clean",
  defaults: { distance: "error" as "error" | "kl", temperature: 1 },
  cost: () => ({ forward: 2, backward: 1 }),
  loss: ({ forward, sigma, clean }, settings) => distillationLoss(forward({ sigma, draw: 0 }).outputs, clean, settings),
});
