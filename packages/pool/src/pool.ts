import { inWords } from "@neft/options";
import { createGate, type GateSlot, openGate } from "./gate.js";
import { type AnyRunOptions, type Lease, type Setup, WorkerLease } from "./lease.js";
import { type Connection, connect, withSend } from "./serve.js";
import { Stoppable } from "./stoppable.js";
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

/** A pool of workers that implement the methods of `Api`. */
export interface Pool<Api> {
  /** Maximum number of workers. */
  readonly size: number;
  /**
   * Leases all workers to `use` until its promise settles. Leases queue in the order of the calls and never overlap, so no other caller
   * replaces the setup or takes a worker between two runs of a lease.
   *
   * A run that `use` has started but not awaited is stopped when the lease ends. `use` must not await another lease of the same pool:
   * that would deadlock.
   *
   * @returns the result of `use`.
   * @throws what `use` throws; the signal's reason when it aborts the wait; an Error when the pool is closed.
   */
  lend<T>(use: (lease: Lease<Api>) => Promise<T>, options?: LendOptions): Promise<T>;
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
export function createPool<Api extends object>({ size, spawn }: PoolOptions): Pool<Api> {
  if (!Number.isInteger(size) || size < 1 || size > mostWorkers)
    throw new RangeError(`pool: expected a number of workers from 1 to ${mostWorkers}, got ${inWords(size)}`);
  return new WorkerPool(size, spawn);
}

/** A running worker. */
interface Member<Api> extends Connection<Api> {
  readonly handle: WorkerHandle;
  /** Rejects with the cause when the worker dies; its unanswered calls stay pending forever. */
  readonly death: Promise<never>;
  /** The last setup that it has completed. */
  setup: Setup<Api> | undefined;
  /** Its slot at the gate; undefined without a gate. */
  readonly slot: GateSlot | undefined;
}

/** One job of a run. */
interface Call {
  readonly index: number;
  readonly method: string;
  readonly job: unknown;
}

/** The implementation of {@link Pool}. */
class WorkerPool<Api extends object> implements Pool<Api> {
  readonly #members = new Set<Member<Api>>();
  readonly #idle: Member<Api>[] = [];
  /** Free slots at the gate. */
  readonly #freeSlots: GateSlot[];
  /** Slots to release at the next opening of the gate, in the order of the messages. */
  #toRelease: number[] = [];
  /** Resolves when the last lease in the queue has ended. */
  #last: Promise<void> = Promise.resolve();
  /** The run in progress and the waits for leases, which `close` stops. */
  readonly #stoppable = new Set<Stoppable>();
  #closed = false;

  constructor(
    readonly size: number,
    readonly spawn: Spawn,
  ) {
    const gate = createGate(size);
    this.#freeSlots = gate ? Array.from({ length: size }, (_, index) => ({ gate, index })) : [];
  }

  async lend<T>(use: (lease: Lease<Api>) => Promise<T>, { signal }: LendOptions = {}): Promise<T> {
    const before = this.#last;
    let leave = () => {};
    this.#last = new Promise<void>((resolve) => {
      leave = resolve;
    });
    try {
      await this.#withStop(signal, (waiting) => Promise.race([before, waiting.ended]));
      const lease = new WorkerLease<Api>(this.size, (setup, jobs, options) => this.#run(setup, jobs, options));
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

  /** Runs the jobs of one run of a lease, each worker taking the next job when it is free. */
  #run(setup: Setup<Api> | undefined, jobs: Iterable<unknown>, options: AnyRunOptions): Promise<unknown[]> {
    const { method, onResult, signal } = options;
    return this.#withStop(signal, async (run) => {
      options.onStart(run);
      const results: unknown[] = [];
      const queue = numbered(jobs);
      const takeJobs = async () => {
        for (const [index, job] of queue) {
          const result = await this.#runJob(run, setup, { index, method, job });
          results[index] = result;
          await onResult?.(index, result);
          if (run.stopped) return;
        }
      };
      await Promise.all(Array.from({ length: this.size }, () => takeJobs().catch((reason) => run.stop(reason))));
      run.throwIfStopped();
      return results;
    });
  }

  /** Runs one job, and a second time on a new worker if its worker dies. */
  async #runJob(run: Stoppable, setup: Setup<Api> | undefined, call: Call): Promise<unknown> {
    for (let deaths = 0; ; ) {
      const member = this.#idle.pop() ?? (await this.#addMember());
      let died = true;
      try {
        run.throwIfStopped();
        const answer = this.#call(member, setup, call);
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
            `pool: job ${call.index} (${call.method}): expected a worker that survives the job, got a second death: ${(cause as Error).message}`,
            { cause },
          );
        }
      }
    }
  }

  /** Calls the method of a job in a worker, after the setup if the worker hasn't completed it. */
  async #call(member: Member<Api>, setup: Setup<Api> | undefined, { method, job }: Call): Promise<unknown> {
    if (setup && member.setup !== setup) {
      // A setup that fails leaves an unknown state: no setup counts as completed.
      member.setup = undefined;
      await setup(member.api);
      member.setup = setup;
    }
    const call = (member.api as Record<string, unknown>)[method] as (job: unknown) => Promise<unknown>;
    return call(job);
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
  async #addMember(): Promise<Member<Api>> {
    const slot = this.#freeSlots.pop();
    const handle = await this.#start(slot);
    const death = new Promise<never>((_, reject) => handle.onDeath(reject));
    const endpoint = slot ? withSend(handle.endpoint, (send) => this.#sendAndRelease(slot, send)) : handle.endpoint;
    const member: Member<Api> = { handle, ...connect<Api>(endpoint), death, setup: undefined, slot };
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
  async #discard(member: Member<Api>): Promise<void> {
    if (this.#members.delete(member)) {
      if (member.slot) this.#freeSlots.push(member.slot);
      member.release();
    }
    const at = this.#idle.indexOf(member);
    if (at >= 0) this.#idle.splice(at, 1);
    await member.handle.terminate();
  }
}

/** Pairs of index and job. All workers of a run take from the same generator. */
function* numbered<Job>(jobs: Iterable<Job>): Generator<[number, Job], void> {
  let index = 0;
  for (const job of jobs) yield [index++, job];
}
