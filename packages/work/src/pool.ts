import { inWords } from "@neft/options";
import { type Executor, numbered } from "./executor.js";
import { createGate, type GateSlot, openGate } from "./gate.js";
import { Lease, type Run } from "./lease.js";
import { type Connection, connect, withSend } from "./serve.js";
import { Stoppable } from "./stoppable.js";
import type { SetupKey } from "./task-server.js";
import type { Spawn, WorkerHandle } from "./worker-handle.js";

/** Options of a pool. */
export interface PoolOptions {
  /** Maximum number of workers, from 1 to {@link mostWorkers}. */
  readonly size: number;
  /** Starts a worker. */
  readonly spawn: Spawn;
}

/** Options of a lease. */
export interface LendOptions {
  /** Aborts the wait for the lease: `lend` rejects with the signal's reason. It doesn't abort runs, which have their own signals. */
  readonly signal?: AbortSignal | undefined;
}

/** The part of a pool that calls use: several can share it. */
export interface Workers {
  /** Maximum number of workers. */
  readonly size: number;
  /**
   * Leases all workers to `use` until its promise settles. Leases queue in the order of the calls and never overlap, so no other caller
   * opens another task or takes a worker between two runs of a lease.
   *
   * A setup is sent once to each worker that does its jobs, a job to one. A job must not be transferred, because it runs again on a new
   * worker when its worker dies. A run rejects with the cause when the workers of one job die twice. When a run rejects, busy workers are
   * terminated.
   *
   * A run that `use` has started but not awaited is stopped when the lease ends. `use` must not await another lease of the same pool:
   * that would deadlock.
   *
   * @returns the result of `use`.
   * @throws what `use` throws; the signal's reason when it aborts the wait; an Error when the pool is closed.
   */
  lend<T>(use: (lease: Executor) => Promise<T>, options?: LendOptions): Promise<T>;
}

/** A pool of workers that serve tasks. */
export interface Pool extends Workers {
  /** Terminates all workers. The run in progress and all waiting leases reject. The pool then no longer keeps the process alive. */
  close(): Promise<void>;
}

/** Maximum size of a pool. Each worker is a thread with its own memory. */
export const mostWorkers = 256;

/**
 * Makes a pool. Workers start when jobs need them.
 *
 * @throws {RangeError} when `size` isn't a whole number from 1 to {@link mostWorkers}.
 */
export function createPool({ size, spawn }: PoolOptions): Pool {
  if (!Number.isInteger(size) || size < 1 || size > mostWorkers)
    throw new RangeError(`pool: expected a number of workers from 1 to ${mostWorkers}, got ${inWords(size)}`);
  return new WorkerPool(size, spawn);
}

/** A running worker. */
interface Member extends Connection {
  readonly handle: WorkerHandle;
  /** Rejects with the cause when the worker dies; its unanswered calls stay pending forever. */
  readonly death: Promise<never>;
  /** The task that is open. */
  open: SetupKey | undefined;
  /** Its slot at the gate; undefined without a gate. */
  readonly slot: GateSlot | undefined;
}

/** The implementation of {@link Pool}. */
class WorkerPool implements Pool {
  readonly #members = new Set<Member>();
  readonly #idle: Member[] = [];
  /** Free slots at the gate. */
  readonly #freeSlots: GateSlot[];
  /** Slots to release at the next opening of the gate, in the order of the messages. */
  #toRelease: number[] = [];
  /** Resolves when the last lease in the queue has ended. */
  #last: Promise<void> = Promise.resolve();
  /** The run in progress and the waits for leases, which `close` stops. */
  readonly #stoppable = new Set<Stoppable>();
  #closed = false;
  /** Numbers of setups. A worker isn't sent the setup that it has; the pool doesn't keep what a setup holds. */
  readonly #setups = new WeakMap<object, number>();
  #lastSetup = 0;

  constructor(
    readonly size: number,
    readonly spawn: Spawn,
  ) {
    const gate = createGate(size);
    this.#freeSlots = gate ? Array.from({ length: size }, (_, index) => ({ gate, index })) : [];
  }

  async lend<T>(use: (lease: Executor) => Promise<T>, { signal }: LendOptions = {}): Promise<T> {
    const before = this.#last;
    let leave = () => {};
    this.#last = new Promise<void>((resolve) => {
      leave = resolve;
    });
    try {
      await this.#withStop(signal, (waiting) => Promise.race([before, waiting.ended]));
      const lease = new Lease(this.size, (run) => this.#run(run));
      try {
        return await use(lease);
      } finally {
        await lease.end();
      }
    } finally {
      // An aborted wait keeps its position in the queue: the next lease still waits for the earlier ones.
      void before.then(leave);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const one of this.#stoppable)
      one.stop(new Error("pool: expected the pool to stay open until its runs end, got closed; close it after them"));
    await Promise.all([...this.#members].map((member) => this.#discard(member)));
  }

  /** Runs `act` with a handle that the signal or `close` stops. */
  async #withStop<T>(signal: AbortSignal | undefined, act: (stoppable: Stoppable) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error("pool: expected an open pool, got a closed one; create another");
    signal?.throwIfAborted();
    const stoppable = new Stoppable();
    const abort = () => stoppable.stop(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#stoppable.add(stoppable);
    try {
      return await act(stoppable);
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#stoppable.delete(stoppable);
    }
  }

  /** Does the jobs of a run of a lease, each worker taking the next job when it is free. */
  #run(given: Run): Promise<void> {
    const { jobs, onResult, signal, onStart } = given;
    return this.#withStop(signal, async (run) => {
      onStart(run);
      const queue = numbered(jobs);
      const takeJobs = async () => {
        for (const numberedJob of queue) {
          await onResult(numberedJob[0], await this.#do(run, given, numberedJob));
          if (run.stopped) return;
        }
      };
      await Promise.all(Array.from({ length: this.size }, () => takeJobs().catch((reason) => run.stop(reason))));
      run.throwIfStopped();
    });
  }

  /** The key of a run's task and setup. */
  #keyOf({ task, setup }: Run): SetupKey {
    const number = this.#setups.get(setup) ?? ++this.#lastSetup;
    this.#setups.set(setup, number);
    return `${task.id} ${number}`;
  }

  /** Does one job, and a second time on a new worker if its worker dies. */
  async #do(run: Stoppable, given: Run, [index, job]: readonly [number, unknown]): Promise<unknown> {
    for (let deaths = 0; ; ) {
      const member = this.#idle.pop() ?? (await this.#addMember());
      let died = true;
      try {
        run.throwIfStopped();
        const answer = this.#call(member, given, job);
        const result = await Promise.race([answer.finally(() => (died = false)), member.death, run.ended]);
        this.#idle.push(member);
        return result;
      } catch (cause) {
        if (!run.stopped && !died) {
          // The job threw: its worker is still usable.
          this.#idle.push(member);
          throw cause;
        }
        await this.#discard(member);
        run.throwIfStopped();
        if (++deaths === 2) {
          throw new Error(
            `pool: job ${index} (${given.task.id}): expected a worker that survives the job, got a second death: ${(cause as Error).message}`,
            { cause },
          );
        }
      }
    }
  }

  /** Does a job in a worker, which first opens the task if another one is open. */
  async #call(member: Member, run: Run, job: unknown): Promise<unknown> {
    const key = this.#keyOf(run);
    if (member.open !== key) {
      member.open = undefined;
      await member.worker.open(key, run.task.id, run.setup);
      member.open = key;
    }
    return member.worker.do(key, job);
  }

  /** Sends a message to a worker and releases it from the gate in a microtask, together with all workers messaged until then. */
  #sendAndRelease({ gate, index }: GateSlot, send: () => void): void {
    send();
    if (this.#toRelease.push(index) > 1) return;
    queueMicrotask(() => {
      const slots = this.#toRelease;
      this.#toRelease = [];
      openGate(gate, slots);
    });
  }

  /** Starts a worker and adds it to the pool. */
  async #addMember(): Promise<Member> {
    const slot = this.#freeSlots.pop();
    const handle = await this.#start(slot);
    const death = new Promise<never>((_, reject) => handle.onDeath(reject));
    const endpoint = slot ? withSend(handle.endpoint, (send) => this.#sendAndRelease(slot, send)) : handle.endpoint;
    const member: Member = { handle, ...connect(endpoint), death, open: undefined, slot };
    this.#members.add(member);
    // Also handles the death of an idle worker, which no run awaits.
    death.catch(() => this.#discard(member));
    return member;
  }

  /** Spawns a worker; frees its slot when that fails. */
  async #start(slot: GateSlot | undefined): Promise<WorkerHandle> {
    try {
      return await this.spawn(slot);
    } catch (cause) {
      if (slot) this.#freeSlots.push(slot);
      throw cause;
    }
  }

  /** Removes a worker from the pool and terminates it. */
  async #discard(member: Member): Promise<void> {
    if (this.#members.delete(member)) {
      if (member.slot) this.#freeSlots.push(member.slot);
      member.release();
    }
    const at = this.#idle.indexOf(member);
    if (at >= 0) this.#idle.splice(at, 1);
    await member.handle.terminate();
  }
}
