import { chipPurposes } from "@neft/evaluation";

/**
 * What random numbers are drawn for. Streams of different purposes are independent at the same seed; a purpose's name is
 * part of every number drawn for it, so renaming one changes results.
 */
export const purposes = {
  ...chipPurposes,
  /** Weight variation of training; index = forward within the step. */
  trainingVariation: "training-variation",
  /** Order of the samples; step = epoch. */
  shuffle: "shuffle",
  /** Which samples are held out of training. */
  split: "validation-split",
  /** First weights of feedback heads; name = parameter. */
  heads: "feedback-heads",
  /** Masks of dropout nodes. */
  dropout: "dropout",
} as const;
