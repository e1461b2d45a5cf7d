import type { Interval, ScalarOf } from "./traits.js";

// How operators with constants change the range of scores, while they keep their order.

/** Range of factor·x. */
export const scaled = ([low, high]: Interval, factor = Number.NaN): Interval | undefined =>
  factor > 0 && Number.isFinite(factor) ? [low * factor, high * factor] : undefined;

/** Range of x + by. */
export const shifted = ([low, high]: Interval, by = Number.NaN): Interval | undefined =>
  Number.isFinite(by) ? [low + by, high + by] : undefined;

/**
 * Range after a Clip; undefined when the bounds hide scores: more than 1/100 of a probability's range, or
 * log-probabilities above −6.
 */
export function clipped([low, high]: Interval, min = Number.NaN, max = Number.NaN): Interval | undefined {
  const reach = Number.isFinite(low) ? (high - low) / 100 : 0;
  const floor = Number.isFinite(low) ? low + reach : high - 6;
  return min <= floor && max >= high - reach ? [Math.max(low, min), Math.min(high, max)] : undefined;
}

/** Range of x itself. */
export const kept = (interval: Interval): Interval => interval;

/** The constant operand of two. */
export const eitherScalar = (scalar: ScalarOf): number | undefined => scalar(1) ?? scalar(0);
