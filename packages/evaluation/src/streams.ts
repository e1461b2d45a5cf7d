/**
 * What random numbers of an evaluation are drawn for. Streams of different purposes are independent at the same seed; a purpose's
 * name is part of every number drawn for it, so renaming one changes results.
 */
export const chipPurposes = {
  /** Weight variation of the chips a network is evaluated on; index = chip. */
  chip: "chip",
  /** Weight variation of the chips that choose the best weights; index = chip, the same chips each time. */
  validationChip: "validation-chip",
} as const;
