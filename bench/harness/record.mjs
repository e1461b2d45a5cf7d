// Records: what a bench says of one figure.

/** A goal of at least, or at most, some ratio. */
export const atLeast = (bound) => ({ text: `≥ ${bound}`, isMet: (ratio) => ratio >= bound });
export const atMost = (bound) => ({ text: `≤ ${bound}`, isMet: (ratio) => ratio <= bound });

/**
 * A record; `goal` and `met` are null where there is only something to know.
 *
 * @param ratio  of ours to the peer's, the median over the rounds of the ratio in each; what the goal is about.
 */
export function makeRecord({ bench, build, what, ours, peer = null, peerName = null, unit, ratio = null, goal }) {
  const known = { bench, what, build, ours, peer, peerName, unit, ratio };
  return { ...known, goal: goal?.text ?? null, met: goal ? goal.isMet(ratio) : null };
}

/** A record of something that couldn't be measured here. */
export function makeSkipped({ bench, build, what, peerName = null, reason }) {
  const unknown = { ours: null, peer: null, peerName, unit: "", ratio: null, goal: null, met: null };
  return { bench, what, build, ...unknown, skipped: reason };
}

/** What tells a record from the others of a run. */
export const recordKey = ({ bench, what, build, peerName }) => [bench, what, build, peerName ?? ""].join(" | ");

/** Whether more is better: the goal says so, or the unit, something a second. */
const isMoreBetter = ({ unit, goal }) => (goal === null ? unit.endsWith("/s") : goal.startsWith("≥"));

/**
 * How many times slower a record is than an earlier one of the same figure, by ratios where there are some, as they feel the
 * machine's load less; undefined where the two can't be compared.
 */
export function slowdown(record, earlier) {
  const of = ({ ratio, ours }) => ratio ?? ours;
  if (of(record) === null || of(earlier) === null || earlier.unit !== record.unit) return undefined;
  return isMoreBetter(record) ? of(earlier) / of(record) : of(record) / of(earlier);
}
