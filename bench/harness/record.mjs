// Records: one measured figure each.

/** A goal: the ratio is at least (or at most) a bound. */
export const atLeast = (bound) => ({ text: `≥ ${bound}`, isMet: (ratio) => ratio >= bound });
export const atMost = (bound) => ({ text: `≤ ${bound}`, isMet: (ratio) => ratio <= bound });

/**
 * Makes a record. Without a goal, `goal` and `met` are null.
 *
 * @param ratio  ours / peer, usually the median over the rounds; the goal applies to it.
 */
export function makeRecord({ bench, build, what, ours, peer = null, peerName = null, unit, ratio = null, goal }) {
  const known = { bench, what, build, ours, peer, peerName, unit, ratio };
  return { ...known, goal: goal?.text ?? null, met: goal ? goal.isMet(ratio) : null };
}

/** A record of a figure that can't be measured on this machine. */
export function makeSkipped({ bench, build, what, peerName = null, reason }) {
  const unknown = { ours: null, peer: null, peerName, unit: "", ratio: null, goal: null, met: null };
  return { bench, what, build, ...unknown, skipped: reason };
}

/** Key that identifies a record within a run. */
export const recordKey = ({ bench, what, build, peerName }) => [bench, what, build, peerName ?? ""].join(" | ");

/** Whether a larger figure is better, according to the goal or, without one, a unit per second. */
const isMoreBetter = ({ unit, goal }) => (goal === null ? unit.endsWith("/s") : goal.startsWith("≥"));

/**
 * How many times slower a record is than an earlier one of the same figure. Compares ratios if there are any, because the machine's
 * load affects them less. Undefined when the records can't be compared.
 */
export function slowdown(record, earlier) {
  const of = ({ ratio, ours }) => ratio ?? ours;
  if (of(record) === null || of(earlier) === null || earlier.unit !== record.unit) return undefined;
  return isMoreBetter(record) ? of(earlier) / of(record) : of(record) / of(earlier);
}
