import { effect } from "@preact/signals";
import { activity, announcement } from "./state.js";

/** Announces each quarter of a long-running call to screen readers. */
export function announceQuarters(): () => void {
  let last = 0;
  return effect(() => {
    const current = activity.value;
    const quarter = current ? Math.floor((4 * current.done) / current.total) : 0;
    if (current && quarter > last && quarter < 4) announcement.value = `${current.words}: ${25 * quarter} %.`;
    last = quarter;
  });
}
