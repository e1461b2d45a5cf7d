import { nextTurn } from "@neft/work";

/**
 * Runs work that pauses after each of its steps. Between steps, the event loop has a turn.
 *
 * @param onStep  Called with what the work says at each pause.
 * @throws the signal's reason if it aborts.
 */
export async function inTurns<T>(
  work: Generator<number, T, void>,
  signal: AbortSignal | undefined,
  onStep?: (said: number) => void,
): Promise<T> {
  for (;;) {
    await nextTurn();
    signal?.throwIfAborted();
    const result = work.next();
    if (result.done) return result.value;
    onStep?.(result.value);
  }
}
