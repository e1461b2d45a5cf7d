import { chipPurposes } from "@neft/evaluation";

/**
 * Purposes of random streams. Streams of different purposes are independent for the same seed. The strings enter the random numbers:
 * changing one changes results.
 */
export const purposes = {
  ...chipPurposes,
  /** Weight variation of training; index = forward pass within the step. */
  trainingVariation: "training-variation",
  /** Order of the samples; step = epoch. */
  shuffle: "shuffle",
  /** Choice of the samples held out for validation. */
  split: "validation-split",
  /** Initial weights of feedback heads; name = parameter. */
  heads: "feedback-heads",
  /** Masks of dropout nodes. */
  dropout: "dropout",
  /** Samples, and variation, of the passes that recalibrate batch normalisations; index = batch. */
  recalibration: "recalibration",
  /** What strategies draw; name = their own purpose. */
  strategy: "strategy",
  /** Weight variation while factors are chosen; index = chip. */
  equaliseVariation: "equalise-variation",
  /** Random functions of the outputs, whose gradients are the sensitivities; name = output, index = chip. */
  equaliseTargets: "equalise-targets",
  /** Choice and order of the samples. */
  equaliseSamples: "equalise-samples",
} as const;
