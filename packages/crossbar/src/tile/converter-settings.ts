import { because, defineSettings, flag, nested, type ResolvedOf, real, whole } from "@neft/options";

const bits = {
  kind: because(whole({ min: 1, max: 16 }), "codes have 16 bits at most"),
  about: "bits of a conversion",
  default: 8,
} as const;

const percentile = {
  kind: because(real({ above: 0, max: 100 }), "it is in percent: 99.9 for all but 0.1 %"),
  about: "the range holds this percentage of the magnitudes that the calibration samples give; others are clipped",
  default: 100,
} as const;

const range = {
  kind: because(real({ above: 0 }), "a converter without a range has no steps; leave it out to calibrate it"),
  defaultWords: "calibrated",
} as const;

/** Conversion of the inputs of word lines. */
export const dacSettings = defineSettings({
  bits,
  range: { ...range, about: "largest input, in units of the layer's inputs" },
  percentile,
  serial: {
    kind: flag,
    about: "apply the bits one after another and add the results digitally, in place of one voltage for all bits",
    default: false,
  },
});

/** Conversion of the sums of bit lines. */
export const adcSettings = defineSettings({
  bits,
  range: { ...range, about: "largest sum, in units of input times conductance relative to gMax" },
  percentile,
});

/** Converters at the edges of tiles. */
export const converterSettings = defineSettings({
  dac: { kind: nested(dacSettings), about: "converters of inputs", defaultWords: "none: exact inputs" },
  adc: { kind: nested(adcSettings), about: "converters of sums", defaultWords: "none: exact sums" },
});

export interface DacSettings extends ResolvedOf<typeof dacSettings> {}
export interface AdcSettings extends ResolvedOf<typeof adcSettings> {}
export type ConverterSettings = ResolvedOf<typeof converterSettings>;
