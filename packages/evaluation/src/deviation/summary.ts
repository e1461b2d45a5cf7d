import { halfWidth, mean, percentInterval, percentile, standardDeviation } from "../statistics.js";
import { type ChipDeviation, type DeviationSums, deviationOf } from "./sums.js";

/** Summary statistics of a measure over chips. */
export interface DeviationStatistics {
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for one chip. */
  readonly std: number | null;
  /** 95 % interval of the mean, within the measure's range; null for one chip. */
  readonly ci95: readonly [low: number, high: number] | null;
  /** 5th and 95th percentiles. */
  readonly p5: number;
  readonly p95: number;
  /** The worst chip: the largest error, or the smallest cosine or agreement. */
  readonly worst: number;
}

/** How far the outputs of chips are from those of the clean network. */
export interface Deviation {
  /** ‖y − y₀‖ / ‖y₀‖ over all samples. */
  readonly relativeError: DeviationStatistics;
  /** y·y₀ / (‖y‖·‖y₀‖) over all samples, from −1 to 1. */
  readonly cosine: DeviationStatistics;
  /**
   * Share of the vectors along the last axis, the classes of class scores, whose largest element is at the same place, in percent. Null
   * if that axis has length 1 in all outputs.
   */
  readonly agreement: DeviationStatistics | null;
}

type Interval = (values: readonly number[], z?: number) => readonly [low: number, high: number] | null;

/** Student's interval within a range. */
const within =
  (least: number, most: number): Interval =>
  (values, z) => {
    const half = halfWidth(values, z);
    const centre = mean(values);
    return half === null ? null : [Math.max(least, centre - half), Math.min(most, centre + half)];
  };

/** The measures: the interval of each, and the percentile of its worst chip. */
const measures: Readonly<Record<keyof ChipDeviation, { readonly interval: Interval; readonly worst: 0 | 100 }>> = {
  relativeError: { interval: within(0, Number.POSITIVE_INFINITY), worst: 100 },
  cosine: { interval: within(-1, 1), worst: 0 },
  agreement: { interval: percentInterval, worst: 0 },
};

/** Statistics of a measure. @param z  Normal quantile of the interval. Default: a 95 % interval. */
function statisticsOf(name: keyof ChipDeviation, values: readonly number[], z?: number): DeviationStatistics {
  const { interval, worst } = measures[name];
  return {
    mean: mean(values),
    std: standardDeviation(values),
    ci95: interval(values, z),
    p5: percentile(values, 5),
    p95: percentile(values, 95),
    worst: percentile(values, worst),
  };
}

/**
 * Summarises chips.
 * @param chips  For each chip, the sums of the outputs to summarise together.
 */
export function summariseDeviation(chips: readonly (readonly DeviationSums[])[], z?: number): Deviation {
  const each = chips.map(deviationOf);
  const of = (name: "relativeError" | "cosine"): DeviationStatistics =>
    statisticsOf(
      name,
      each.map((one) => one[name]),
      z,
    );
  const agreements = each.flatMap(({ agreement }) => (agreement === null ? [] : [agreement]));
  return {
    relativeError: of("relativeError"),
    cosine: of("cosine"),
    agreement: agreements.length === 0 ? null : statisticsOf("agreement", agreements, z),
  };
}
