/** Summary statistics of percentages: the accuracies of chips. */
export interface SampleStatistics {
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for one number. */
  readonly std: number | null;
  /** 95 % interval of the mean, within 0 to 100; null for one number. */
  readonly ci95: readonly [low: number, high: number] | null;
  /** 5th percentile. */
  readonly p5: number;
  /** Minimum. */
  readonly worst: number;
}

/** Levels of intervals, in percent. */
export type Level = 95 | 99;

/** Quantiles of the normal distribution that bound an interval: the 97.5 % and the 99.5 % quantile. */
export const normalQuantile: Readonly<Record<Level, number>> = { 95: 1.959963984540054, 99: 2.5758293035489004 };

/** The same quantiles of Student's t for 1 to 10 degrees of freedom, for which the series below is too inexact. */
const student: ReadonlyMap<number, readonly number[]> = new Map([
  [
    normalQuantile[95],
    [12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139],
  ],
  [
    normalQuantile[99],
    [63.656741, 9.924843, 5.840909, 4.604095, 4.032143, 3.707428, 3.499483, 3.355387, 3.249836, 3.169273],
  ],
]);

/**
 * Quantile of Student's t distribution with `dof` degrees of freedom, at the probability whose normal quantile is `z`.
 *
 * Fisher's expansion to 1/dof⁴. It uses basic arithmetic only, so every engine gives the same bits. Error below 2e-6 for dof ≥ 11.
 * Source: Abramowitz & Stegun 26.7.5.
 */
export function studentFromNormal(z: number, dof: number): number {
  const z2 = z * z;
  const dof2 = dof * dof;
  return (
    z +
    (z * (z2 + 1)) / (4 * dof) +
    (z * ((5 * z2 + 16) * z2 + 3)) / (96 * dof2) +
    (z * (((3 * z2 + 19) * z2 + 17) * z2 - 15)) / (384 * dof2 * dof) +
    (z * ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945)) / (92160 * dof2 * dof2)
  );
}

function checkNotEmpty(who: string, values: ArrayLike<number>): void {
  if (values.length === 0) throw new RangeError(`${who}: expected at least one number, got none`);
}

/**
 * Arithmetic mean. It sums the differences from the first number, in order, so that the mean of equal numbers is exact.
 * @throws {RangeError} for no numbers.
 */
export function mean(values: ArrayLike<number>): number {
  checkNotEmpty("mean", values);
  const first = values[0]!;
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += values[i]! - first;
  return first + sum / values.length;
}

/** Sample standard deviation (n − 1); null for fewer than two numbers. */
export function standardDeviation(values: ArrayLike<number>): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - centre) * (values[i]! - centre);
  return Math.sqrt(squares / (values.length - 1));
}

/**
 * Percentile by linear interpolation between order statistics (Hyndman & Fan's type 7). Percentile 0 is the minimum, 100 the maximum.
 * @throws {RangeError} for no numbers, or `percent` outside 0 to 100.
 */
export function percentile(values: ArrayLike<number>, percent: number): number {
  checkNotEmpty("percentile", values);
  if (!(percent >= 0 && percent <= 100)) throw new RangeError(`percentile: expected 0 to 100, got ${percent}`);
  const sorted = Float64Array.from(values).sort();
  const position = ((sorted.length - 1) * percent) / 100;
  const below = Math.floor(position);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (position - below);
}

/** Quantile of Student's t for the mean of n numbers; see `studentFromNormal`. Default of z: the 97.5 % quantile. */
function studentPoint(n: number, z: number = normalQuantile[95]): number {
  return student.get(z)?.[n - 2] ?? studentFromNormal(z, n - 1);
}

/** Half-width of Student's interval of the mean: t·std/√n. Null for fewer than two numbers. Default of z: a 95 % interval. */
export function halfWidth(values: ArrayLike<number>, z?: number): number | null {
  const std = standardDeviation(values);
  return std === null ? null : (studentPoint(values.length, z) * std) / Math.sqrt(values.length);
}

/**
 * Interval of the mean of percentages; it stays within 0 to 100. Null for fewer than two numbers.
 *
 * With m the sample mean, Student's interval holds all μ with |m − μ| ≤ t·std/√n. The deviation of a percentage shrinks as its mean
 * approaches 0 or 100. As in Wilson's interval of a proportion, the variance is therefore scaled to μ: with v(μ) = μ·(100 − μ), the
 * interval holds all μ with (m − μ)² ≤ (t²·std²/n) · v(μ)/v(m). With q = t²·std²/(n·v(m)), the roots of this quadratic are
 * (m + 50q ± √(t²·std²/n + 2500q²)) / (1 + q). For small q this is Student's interval. If all numbers are equal, both ends are m.
 *
 * Source: Wilson, JASA 22 (1927), for the effective sample size n·v(m)/std² of Korn & Graubard, Survey Methodology 24 (1998).
 * @param z  Normal quantile of the interval; larger with several looks (`looksUpTo`). Default: a 95 % interval.
 * @throws {RangeError} for a number outside 0 to 100.
 */
export function percentInterval(values: ArrayLike<number>, z?: number): readonly [low: number, high: number] | null {
  for (let i = 0; i < values.length; i++) {
    if (!(values[i]! >= 0 && values[i]! <= 100)) {
      throw new RangeError(`percentInterval: expected percentages from 0 to 100, got ${values[i]}`);
    }
  }
  const half = halfWidth(values, z);
  if (half === null) return null;
  const centre = mean(values);
  // At 0 and 100, which rounding of the mean can reach, v(m) is 0.
  if (half === 0 || centre <= 0 || centre >= 100) return [centre, centre];
  const q = (half * half) / (centre * (100 - centre));
  const middle = (centre + 50 * q) / (1 + q);
  const reach = Math.sqrt(half * half + 2500 * q * q) / (1 + q);
  // Rounding can push a root slightly outside.
  return [Math.max(0, middle - reach), Math.min(100, middle + reach)];
}

/**
 * Mean, spread, 95 % interval of the mean, 5th percentile and minimum of percentages.
 * @param z  See `percentInterval`.
 * @throws {RangeError} for no numbers, or a number outside 0 to 100.
 */
export function sampleStatistics(values: ArrayLike<number>, z?: number): SampleStatistics {
  return {
    mean: mean(values),
    std: standardDeviation(values),
    ci95: percentInterval(values, z),
    p5: percentile(values, 5),
    worst: percentile(values, 0),
  };
}
