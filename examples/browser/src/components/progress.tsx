import { type Activity, activity } from "../state/state.js";

/** Time left at the pace so far: "about 8 s left". Empty in the first half second, whose pace says little. */
export function timeLeft({ done, total, start }: Activity, now: number): string {
  const spent = (now - start) / 1000;
  if (done === 0 || spent < 0.5) return "";
  const left = (spent / done) * (total - done);
  if (left >= 90) return `about ${Math.round(left / 60)} min left`;
  return left >= 1 ? `about ${Math.ceil(left)} s left` : "nearly done";
}

/** Progress of a kind of call; nothing while no such call runs. */
export function Progress({ kind, unit }: { readonly kind: Activity["kind"]; readonly unit?: string }) {
  const current = activity.value;
  if (current?.kind !== kind) return null;
  const { words, done, total } = current;
  return (
    <div class="progress">
      <progress value={done} max={total} aria-label={words} />
      <span>
        {words}: {done} of {total}
        {unit && ` ${unit}`}
      </span>
      <span class="left">{timeLeft(current, performance.now())}</span>
    </div>
  );
}
