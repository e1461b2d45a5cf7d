import type { Converter } from "@neft/tensor";

/** Range of a conversion: plain data, which a calibration measures. */
export type ConversionRange = { readonly range: number } & Pick<Converter, "signed">;

/** Ranges of a layer's conversions. */
export interface LayerRanges {
  readonly inputs: ConversionRange;
  /** One for each plane: the sums of planes have statistics of their own. */
  readonly sums: readonly ConversionRange[];
}

/** Ranges of all layers by name. Plain data. */
export type Ranges = Readonly<Record<string, LayerRanges>>;

/**
 * The range of some values: the smallest magnitude that `percentile` percent of them don't exceed, and whether any is negative.
 * No values have the range 0.
 */
export function rangeOf(values: Float32Array, percentile: number): ConversionRange {
  const magnitudes = values.map(Math.abs);
  const at = Math.max(0, Math.ceil((percentile / 100) * magnitudes.length) - 1);
  const range = percentile === 100 ? magnitudes.reduce((most, one) => Math.max(most, one), 0) : magnitudes.sort()[at];
  return { range: range ?? 0, signed: values.some((value) => value < 0) };
}

/** The wider of two ranges. */
export const widerRange = (a: ConversionRange, b: ConversionRange): ConversionRange => ({
  range: Math.max(a.range, b.range),
  signed: a.signed || b.signed,
});
