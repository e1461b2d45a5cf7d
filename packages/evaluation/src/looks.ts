/**
 * Sequential stopping: the mean over chips is looked at after fixed numbers of chips, and the first look whose interval is
 * narrow enough ends the run. Looking often makes a plain 95 % interval hold less than 95 % of the time, so the interval
 * of every look is widened by the same factor (Pocock's boundary), such that with probability 95 % all of them hold at
 * once, and so the one at which the run stops.
 *
 * Source: Pocock, Biometrika 64 (1977); Jennison & Turnbull, "Repeated confidence intervals", JRSS B 51 (1989).
 */

/** Chips at the first two looks; each later look doubles the one two before, so looks are a factor of about √2 apart. */
const firstLooks = [24, 34] as const;

/**
 * Point c with P(|Z_k| < c for all k ≤ K) = 0.95, K = 1, 2, …, for the standardised means Z_k of looks a factor of √2
 * apart, whose correlation is 2^(−|j−k|/4). By numerical integration of the chain, redone by the test.
 */
const criticalPoints = [
  1.959963984540054, 2.1372, 2.2506, 2.3357, 2.4041, 2.4613, 2.5106, 2.5537, 2.5921, 2.6266, 2.658, 2.6867, 2.7131,
  2.7376, 2.7604, 2.7817, 2.8017, 2.8206, 2.8384, 2.8552, 2.8712, 2.8865, 2.901, 2.9149, 2.9282, 2.9409, 2.9532, 2.9649,
  2.9763, 2.9872,
] as const;

/** When to look, and how wide the intervals have to be for that. */
export interface Looks {
  /** Numbers of chips, ascending; the last is the cap. */
  readonly chips: readonly number[];
  /** The normal point of every look's interval. */
  readonly z: number;
}

/**
 * The looks of a run of at most `cap` chips.
 * @throws {RangeError} when the cap is no whole number ≥ 1 or needs more looks than there are critical points for.
 */
export function looksUpTo(cap: number): Looks {
  if (!Number.isInteger(cap) || cap < 1) throw new RangeError(`chips: expected a whole number ≥ 1, got ${cap}`);
  const chips: number[] = [];
  for (let k = 0, look = 0; ; k++) {
    look = firstLooks[k % 2]! * 2 ** Math.floor(k / 2);
    if (look >= cap) break;
    chips.push(look);
  }
  chips.push(cap);
  const z = criticalPoints[chips.length - 1];
  if (z === undefined) throw new RangeError(`chips: expected at most ${24 * 2 ** 14} with a precision, got ${cap}`);
  return { chips, z };
}
