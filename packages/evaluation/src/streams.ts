/**
 * Purposes of an evaluation's random streams. Streams of different purposes are independent for the same seed. The strings enter the
 * random numbers: changing one changes results.
 */
export const chipPurposes = {
  /** Weight variation of the chips of `evaluate`; index = chip. */
  chip: "chip",
  /** Weight variation of the chips that `finetune` validates on; index = chip. Every validation uses the same chips. */
  validationChip: "validation-chip",
  /** Weight variation of the chips that a temperature is fitted on; index = chip. */
  temperatureChip: "temperature-chip",
} as const;
