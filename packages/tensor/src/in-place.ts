import { clipToRootMeanSquare } from "./in-place/clipping.js";
import { addConverted, setConverted, setDigits } from "./in-place/conversion.js";
import { adamStep, sgdStep } from "./in-place/optimiser-steps.js";
import { addScaled, setScaled } from "./in-place/scaled-sums.js";
import { setVaried } from "./in-place/varied-weight.js";

/**
 * Every in-place update, by name; a test walks them. They overwrite parameters and constants, allocate no tensors and aren't recorded
 * for a backward pass.
 */
export const inPlaceUpdates = {
  adamStep,
  addConverted,
  addScaled,
  clipToRootMeanSquare,
  setConverted,
  setDigits,
  setScaled,
  setVaried,
  sgdStep,
} as const;
