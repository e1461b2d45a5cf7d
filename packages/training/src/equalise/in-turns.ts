import { nextTurn } from "@neft/evaluation";

/** Longest time between turns of the event loop, in milliseconds, but for the longest step. */
const longest = 20;

/**
 * Runs work that pauses after each of its steps. Between steps, the event loop has its turns.
 *
 * @param onStep  Called with what the work says at each pause.
 * @throws the signal's reason if it aborts.
 */
export async function inTurns<T>(
  work: Generator<number, T, void>,
  signal: AbortSignal | undefined,
  onStep?: (said: number) => void,
): Promise<T> {
  let last = Number.NEGATIVE_INFINITY;
  for (;;) {
    if (performance.now() - last > longest) {
      await nextTurn();
      last = performance.now();
    }
    signal?.throwIfAborted();
    const result = work.next();
    if (result.done) return result.value;
    onStep?.(result.value);
  }
}
