import { clipToRootMeanSquare } from "./in-place/clipping.js";
import { adamStep, sgdStep } from "./in-place/optimiser-steps.js";
import { addScaled, setScaled } from "./in-place/scaled-sums.js";
import { setVaried } from "./in-place/varied-weight.js";

/**
 * Every update in place, by name; a test walks them. They overwrite parameters and constants, allocate nothing and record nothing
 * for a backward pass.
 */
export const inPlaceUpdates = { addScaled, adamStep, clipToRootMeanSquare, setScaled, setVaried, sgdStep } as const;
