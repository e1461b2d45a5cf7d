/**
 * Sequential stopping: the interval of the mean is tested after fixed numbers of chips ("looks"). The run stops at the first look
 * whose interval is narrow enough. With repeated looks, a plain 95 % interval covers the mean less than 95 % of the time. All
 * intervals are therefore widened by one factor (Pocock's boundary), so that with probability 95 % all of them cover the mean,
 * including the one at which the run stops.
 *
 * Source: Pocock, Biometrika 64 (1977); Jennison & Turnbull, "Repeated confidence intervals", JRSS B 51 (1989).
 */

/** Numbers of chips at the first two looks. Look k has twice the chips of look k − 2, so the ratio of neighbours is about √2. */
const firstLooks = [24, 34] as const;

/**
 * Entry K − 1 is the c with P(|Z_k| < c for all k ≤ K) = 0.95, where Z_k is the standardised mean at look k. With a ratio of √2
 * between looks, the correlation of Z_j and Z_k is 2^(−|j−k|/4). Computed by numerical integration, which the test repeats.
 */
const criticalPoints = [
  1.959963984540054, 2.1372, 2.2506, 2.3357, 2.4041, 2.4613, 2.5106, 2.5537, 2.5921, 2.6266, 2.658, 2.6867, 2.7131,
  2.7376, 2.7604, 2.7817, 2.8017, 2.8206, 2.8384, 2.8552, 2.8712, 2.8865, 2.901, 2.9149, 2.9282, 2.9409, 2.9532, 2.9649,
  2.9763, 2.9872,
] as const;

/** The looks of a run, and the normal quantile of their intervals. */
export interface Looks {
  /** Numbers of chips at the looks, ascending. The last is the maximum. */
  readonly chips: readonly number[];
  /** Normal quantile of the interval at every look; 1.96 for a single look. */
  readonly z: number;
}

/**
 * Plans the looks of a run of at most `cap` chips.
 * @throws {RangeError} if `cap` is not a whole number ≥ 1, or needs more looks than the table has entries.
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
