/**
 * Where a pool's workers wait between jobs, in memory they share with it: for each worker how often it was let through, and who is
 * let through after it.
 *
 * A worker that waits for messages is woken by each as it is sent, often on the core of the thread that sends, and there takes
 * the place of that thread, which still has the other workers' messages to send: those start milliseconds later, while a core
 * stands idle. At the gate messages wake nobody. Once all are sent the first worker is woken, it wakes the second, and so on:
 * each finds the core free that it had before.
 */
export type Gate = Int32Array;

/** A worker's place at the gate: plain data. */
export interface Place {
  readonly gate: Gate;
  readonly index: number;
}

/** Milliseconds that a worker waits at most: then it goes back to where messages and timers wake it. While jobs follow one another its timers wait. */
const longestWait = 100;

const opened = (index: number): number => 2 * index;
const after = (index: number): number => 2 * index + 1;
const nobody = -1;

/** A gate with `size` places, where the environment has shared memory. */
export function createGate(size: number): Gate | undefined {
  return typeof SharedArrayBuffer === "undefined" ? undefined : new Int32Array(new SharedArrayBuffer(8 * size));
}

/** Lets the workers at these places through, each of which then looks at its messages. */
export function openGate(gate: Gate, places: readonly number[]): void {
  for (const [i, index] of places.entries()) {
    Atomics.store(gate, after(index), places[i + 1] ?? nobody);
    Atomics.add(gate, opened(index), 1);
  }
  wakeFirst(gate, places[0] ?? nobody);
}

/** In a worker: does something that the pool replies to, and waits until it was let through. */
export function waitAtGate({ gate, index }: Place, act: () => void): void {
  const seen = Atomics.load(gate, opened(index));
  act();
  if (Atomics.wait(gate, opened(index), seen, longestWait) === "ok") wakeFirst(gate, Atomics.load(gate, after(index)));
}

/** Wakes the first worker in line that sleeps; those that don't have seen that they were let through, or will. */
function wakeFirst(gate: Gate, first: number): void {
  for (let index = first; index !== nobody; index = Atomics.load(gate, after(index))) {
    if (Atomics.notify(gate, opened(index)) > 0) return;
  }
}
