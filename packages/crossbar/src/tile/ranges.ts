import { has, isWithin } from "@neft/options";

/** Range of a conversion: plain data, which a calibration measures. */
export interface ConversionRange {
  /** Largest magnitude. */
  readonly range: number;
  /** Whether values may be negative. */
  readonly signed: boolean;
}

/** Ranges of a layer's conversions. */
export interface LayerRanges {
  readonly inputs: ConversionRange;
  /** One for each plane: the sums of planes have statistics of their own. */
  readonly sums: readonly ConversionRange[];
}

/** Ranges of all layers by name. Plain data. */
export type Ranges = Readonly<Record<string, LayerRanges>>;

/** What a chip's periphery was set to. Plain data. */
export interface Calibration {
  /** Ranges of the converters. Default: measured. */
  readonly ranges?: Ranges | undefined;
  /** Digital factors of the layers' outputs, by layer. Default: 1. */
  readonly scales?: Readonly<Record<string, readonly number[]>> | undefined;
}

const isNumbers = (value: unknown): boolean => Array.isArray(value) && value.every(Number.isFinite);

const isRange = (value: unknown): boolean =>
  has(value, "range", "signed") && isWithin(value.range, { min: 0 }) && typeof value.signed === "boolean";

const isLayerRanges = (value: unknown): boolean =>
  has(value, "inputs", "sums") && isRange(value.inputs) && Array.isArray(value.sums) && value.sums.every(isRange);

const isRecordOf = (value: unknown, isOne: (one: unknown) => boolean): boolean =>
  value === undefined || (has(value) && Object.values(value).every(isOne));

/** Whether a value is a calibration, as finetuning writes it. */
export const isCalibration = (value: unknown): boolean =>
  has(value) &&
  Object.keys(value).every((name) => name === "ranges" || name === "scales") &&
  isRecordOf((value as Calibration).ranges, isLayerRanges) &&
  isRecordOf((value as Calibration).scales, isNumbers);

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
