/** What a sample of percentages says about the population it was drawn from. */
export interface SampleStatistics {
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for one number. */
  readonly std: number | null;
  /** 95 % interval of the mean, within 0 to 100; null for one number. */
  readonly ci95: readonly [low: number, high: number] | null;
  /** 5th percentile. */
  readonly p5: number;
  /** Smallest. */
  readonly worst: number;
}

/** 97.5 % point of the normal distribution. */
const normal975 = 1.959963984540054;

/** 97.5 % points of Student's t for 1 to 10 degrees of freedom, where the series below is not exact enough. */
const student975 = [
  12.706205, 4.302653, 3.182446, 2.776445, 2.570582, 2.446912, 2.364624, 2.306004, 2.262157, 2.228139,
];

/**
 * The point of Student's t distribution that leaves the same tail as `z` does in the normal one.
 *
 * Fisher's expansion to 1/dof⁴: arithmetic only, so the same in every engine; within 2e-6 from 11 degrees of freedom on.
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

/** Arithmetic mean; summed in order as differences from the first, so the mean of equal numbers is that number exactly. */
export function mean(values: ArrayLike<number>): number {
  checkNotEmpty("mean", values);
  const first = values[0]!;
  let sum = 0;
  for (let i = 1; i < values.length; i++) sum += values[i]! - first;
  return first + sum / values.length;
}

/** Sample standard deviation with n − 1; null for one number. */
export function standardDeviation(values: ArrayLike<number>): number | null {
  if (values.length < 2) return null;
  const centre = mean(values);
  let squares = 0;
  for (let i = 0; i < values.length; i++) squares += (values[i]! - centre) * (values[i]! - centre);
  return Math.sqrt(squares / (values.length - 1));
}

/** Linear interpolation between order statistics: percentile 0 is the smallest, 100 the largest (Hyndman & Fan's type 7). */
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

/** The point of Student's t distribution for n numbers whose tail is that of `z` in the normal one. Default: 95 %. */
function studentPoint(n: number, z: number = normal975): number {
  return (z === normal975 ? student975[n - 2] : undefined) ?? studentFromNormal(z, n - 1);
}

/** Half the width of an interval of the mean by Student's t: t·std/√n. Null for one number. */
export function halfWidth(values: ArrayLike<number>, z?: number): number | null {
  const std = standardDeviation(values);
  return std === null ? null : (studentPoint(values.length, z) * std) / Math.sqrt(values.length);
}

/**
 * An interval of the mean of percentages, which never leaves 0 to 100. Null for one number.
 *
 * Student's interval is the means μ with |m − μ| ≤ t·std/√n. A percentage's deviation shrinks where its mean nears 0 or 100, so here
 * it is taken at μ, as Wilson does for a share: with v(μ) = μ·(100 − μ), (m − μ)² ≤ (t²·std²/n) · v(μ)/v(m). The ends are the roots of
 * that quadratic; with q = t²·std²/(n·v(m)) they are (m + 50q ± √(t²·std²/n + 2500q²)) / (1 + q). A small q gives Student's interval;
 * equal numbers give their value twice.
 *
 * Source: Wilson, JASA 22 (1927), for the effective sample size n·v(m)/std² of Korn & Graubard, Survey Methodology 24 (1998).
 * @param z  the normal point the interval is made for, where it has to hold under several looks. Default: 95 % of one look.
 * @throws {RangeError} for a number that is no percentage.
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
  // Numbers that differ from 0 or 100 by less than their mean's rounding are at that end, where v(m) is 0.
  if (half === 0 || centre <= 0 || centre >= 100) return [centre, centre];
  const q = (half * half) / (centre * (100 - centre));
  const middle = (centre + 50 * q) / (1 + q);
  const reach = Math.sqrt(half * half + 2500 * q * q) / (1 + q);
  // At either end the roots are exact up to rounding.
  return [Math.max(0, middle - reach), Math.min(100, middle + reach)];
}

/**
 * Mean, spread, 95 % interval of the mean, 5th percentile and minimum of percentages.
 * @param z  as for `percentInterval`.
 * @throws {RangeError} for no numbers, or one that is no percentage.
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
