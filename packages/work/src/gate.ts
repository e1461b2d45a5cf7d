/**
 * Shared memory in which a pool's workers sleep between jobs. Each slot holds two numbers: how often its worker was released, and the
 * slot of the worker that it wakes next.
 *
 * A worker that sleeps in its event loop wakes as soon as a message arrives, often on the core of the sending thread. It then preempts
 * that thread before the other workers' messages are sent: they start milliseconds later, while a core is idle. A worker that sleeps at
 * the gate isn't woken by messages. When all messages are sent, the pool wakes the first worker, which wakes the second, and so on: each
 * resumes on its previous core.
 */
export type Gate = Int32Array;

/** One worker's slot at the gate. It can be sent to a worker. */
export interface GateSlot {
  readonly gate: Gate;
  readonly index: number;
}

/** Longest sleep at the gate, in milliseconds. The event loop and its timers run afterwards. */
const longestWait = 100;

/** Position in the gate of a slot's release count. */
const releases = (index: number): number => 2 * index;
/** Position in the gate of the index of the slot that is woken after this one. */
const next = (index: number): number => 2 * index + 1;
/** End of the chain. */
const none = -1;

/** Makes a gate with `size` slots; undefined without SharedArrayBuffer. */
export function createGate(size: number): Gate | undefined {
  return typeof SharedArrayBuffer === "undefined" ? undefined : new Int32Array(new SharedArrayBuffer(8 * size));
}

/** Releases the workers of these slots, in this order; each then reads its messages. */
export function openGate(gate: Gate, slots: readonly number[]): void {
  for (const [i, index] of slots.entries()) {
    Atomics.store(gate, next(index), slots[i + 1] ?? none);
    Atomics.add(gate, releases(index), 1);
  }
  wakeFirst(gate, slots[0] ?? none);
}

/** Runs `act`, which sends a message to the pool, and sleeps until the pool releases this worker. Called in the worker. */
export function waitAtGate({ gate, index }: GateSlot, act: () => void): void {
  const before = Atomics.load(gate, releases(index));
  act();
  if (Atomics.wait(gate, releases(index), before, longestWait) === "ok")
    wakeFirst(gate, Atomics.load(gate, next(index)));
}

/** Wakes the first sleeping worker of a chain. Workers that are awake notice their release count themselves. */
function wakeFirst(gate: Gate, first: number): void {
  for (let index = first; index !== none; index = Atomics.load(gate, next(index))) {
    if (Atomics.notify(gate, releases(index)) > 0) return;
  }
}
