import { defineSettings, oneOf, type ResolvedOf } from "@neft/options";

/** What is corrected digitally after programming. */
export const compensationSettings = defineSettings({
  drift: {
    kind: oneOf(["none", "global", "column"]),
    about:
      "factor of a layer's outputs, or of each of its outputs, that restores the sum of its conductances right after programming",
    default: "none",
  },
  columns: {
    kind: oneOf(["none", "scale", "affine"]),
    about:
      "factor of each of a layer's outputs, or factor and offset, that bring the chip's sums nearest to the exact ones on the calibration samples",
    default: "none",
  },
  norms: {
    kind: oneOf(["none", "recalibrate"]),
    about: "statistics of batch normalisations measured anew on the programmed chip, with the calibration samples",
    default: "none",
  },
});

export interface CompensationSettings extends ResolvedOf<typeof compensationSettings> {}
