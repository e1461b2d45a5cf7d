import { checkWithin } from "@neft/options";
import { halfWidth, type Level, mean, normalQuantile, percentile, standardDeviation } from "./statistics.js";

/** An interval that covers the true value with a probability of the level's percent, or null if there is none. */
export type Interval = readonly [low: number, high: number] | null;

/** Intervals at both levels. */
export interface Intervals {
  readonly ci95: Interval;
  readonly ci99: Interval;
}

/** Mean and spread of a quantity over chips, seeds or other repetitions. */
export interface MeanEstimate extends Intervals {
  readonly mean: number;
  /** Sample standard deviation (n − 1); null for one number. */
  readonly std: number | null;
}

/** Student's interval of the mean. */
const studentInterval = (values: ArrayLike<number>, level: Level): Interval => {
  const half = halfWidth(values, normalQuantile[level]);
  const centre = mean(values);
  return half === null ? null : [centre - half, centre + half];
};

/**
 * Mean, standard deviation and Student's intervals of the mean.
 * @throws {RangeError} for no numbers.
 */
export function meanEstimate(values: ArrayLike<number>): MeanEstimate {
  return {
    mean: mean(values),
    std: standardDeviation(values),
    ci95: studentInterval(values, 95),
    ci99: studentInterval(values, 99),
  };
}

/** A share of repetitions and its Wilson intervals, from 0 to 1. */
export interface ShareEstimate extends Intervals {
  readonly share: number;
}

/**
 * Share of `count` out of `n`, with Wilson's score intervals.
 *
 * Source: Wilson, JASA 22 (1927). The interval holds all p with |count/n − p| ≤ z·√(p(1 − p)/n).
 * @throws {RangeError} unless 0 ≤ count ≤ n are whole numbers and n ≥ 1.
 */
export function shareEstimate(count: number, n: number): ShareEstimate {
  checkWithin("shareEstimate: n", n, { whole: true, min: 1 });
  checkWithin("shareEstimate: count", count, { whole: true, min: 0, max: n });
  const share = count / n;
  const interval = (level: Level): Interval => {
    const z2 = normalQuantile[level] * normalQuantile[level];
    const middle = (share + z2 / (2 * n)) / (1 + z2 / n);
    const reach = (normalQuantile[level] * Math.sqrt((share * (1 - share)) / n + z2 / (4 * n * n))) / (1 + z2 / n);
    // Exact at the ends, where rounding leaves a rest.
    return [count === 0 ? 0 : Math.max(0, middle - reach), count === n ? 1 : Math.min(1, middle + reach)];
  };
  return { share, ci95: interval(95), ci99: interval(99) };
}

/**
 * Share of values that are at least `least`, with Wilson's intervals: the yield of chips by their accuracies, or the probability of
 * convergence by the final accuracies of training runs with different seeds.
 * @throws {RangeError} for no values.
 */
export function shareReaching(values: ArrayLike<number>, least: number): ShareEstimate {
  const count = Array.from(values).filter((value) => value >= least).length;
  return shareEstimate(count, values.length);
}

/** A percentile of repetitions, with intervals between order statistics. */
export interface PercentileEstimate extends Intervals {
  readonly percent: number;
  /** Interpolated between order statistics, as `percentile`. */
  readonly value: number;
  /** Least number of repetitions for which there is an interval at 95 % and at 99 %. */
  readonly needs: readonly [ci95: number, ci99: number];
}

/**
 * A percentile and its intervals, which hold for any distribution.
 *
 * The number of values below the true percentile has a binomial distribution, so the l-th and the u-th smallest value enclose it with a
 * probability of at least P(l ≤ B < u). The interval is that of the fewest ranks whose probability reaches the level; among those, that
 * with the most equal tails. It is null if even the smallest and the largest value don't reach the level.
 *
 * Source: Hahn & Meeker, Statistical Intervals (1991), chapter 5.
 * @throws {RangeError} for no values, or a percent outside 0.01 to 99.99.
 */
export function percentileEstimate(values: ArrayLike<number>, percent: number): PercentileEstimate {
  checkWithin("percentileEstimate: percent", percent, { min: 0.01, max: 99.99 });
  const sorted = Float64Array.from(values).sort();
  const value = percentile(sorted, percent);
  const below = cumulativeBinomial(sorted.length, percent / 100);
  const interval = (level: Level): Interval => {
    const ranks = ranksAt(below, level / 100);
    return ranks && [sorted[ranks[0] - 1]!, sorted[ranks[1] - 1]!];
  };
  const needs = [leastFor(percent, 95), leastFor(percent, 99)] as const;
  return { percent, value, ci95: interval(95), ci99: interval(99), needs };
}

/** Entry k is P(B < k) for the number B of n successes of probability p, k from 0 to n + 1. */
function cumulativeBinomial(n: number, p: number): Float64Array {
  const weights = new Float64Array(n + 1);
  const mode = Math.min(n, Math.floor((n + 1) * p));
  weights[mode] = 1;
  // Ratios of neighbours, from the mode outward: no powers, which engines round differently, and no overflow.
  for (let k = mode; k < n; k++) weights[k + 1] = (weights[k]! * (n - k) * p) / ((k + 1) * (1 - p));
  for (let k = mode; k > 0; k--) weights[k - 1] = (weights[k]! * k * (1 - p)) / ((n - k + 1) * p);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const below = new Float64Array(n + 2);
  for (let k = 0; k <= n; k++) below[k + 1] = below[k]! + weights[k]! / total;
  return below;
}

/** The ranks l and u, from 1, of an interval with at least this probability; null if there are none. */
function ranksAt(below: Float64Array, level: number): readonly [low: number, high: number] | null {
  const n = below.length - 2;
  let best: readonly [number, number] | null = null;
  const skew = ([low, high]: readonly [number, number]) => Math.abs(below[low]! - (1 - below[high]!));
  for (let low = 1, high = 2; low < n; low++) {
    high = Math.max(high, low + 1);
    while (high <= n && below[high]! - below[low]! < level) high++;
    if (high > n) break;
    const ranks = [low, high] as const;
    const gain = best === null ? 1 : best[1] - best[0] - (high - low);
    if (gain > 0 || (gain === 0 && skew(ranks) < skew(best!))) best = ranks;
  }
  return best;
}

/** Least n with 1 − pⁿ − (1 − p)ⁿ of at least the level: then the smallest and the largest value enclose the percentile. */
function leastFor(percent: number, level: Level): number {
  const p = percent / 100;
  for (let n = 1, [high, low] = [p, 1 - p]; ; n++, high *= p, low *= 1 - p) if (1 - high - low >= level / 100) return n;
}

/** Mean of the differences of pairs, and the intervals of that mean. */
export interface DifferenceEstimate extends MeanEstimate {
  /** Number of pairs. */
  readonly pairs: number;
}

/**
 * Mean of the differences a[i] − b[i], with Student's intervals. What a and b share in pair i (a chip, a seed) cancels, so the intervals
 * are narrower than those of independent repetitions.
 * @throws {RangeError} for lists of different lengths, or without numbers.
 */
export function pairedDifference(a: ArrayLike<number>, b: ArrayLike<number>): DifferenceEstimate {
  if (a.length !== b.length)
    throw new RangeError(`pairedDifference: expected two lists of one length, got ${a.length} and ${b.length} numbers`);
  const differences = Float64Array.from(a, (value, i) => value - b[i]!);
  return { pairs: differences.length, ...meanEstimate(differences) };
}
