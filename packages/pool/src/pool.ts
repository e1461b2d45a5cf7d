import { inWords } from "@neft/options";
import type { Remote } from "comlink";
import { wrap } from "comlink";
import { createGate, openGate, type Place } from "./gate.js";
import { type AnyRunOptions, type Lease, type Setup, WorkerLease } from "./lease.js";
import { Stoppable } from "./stoppable.js";
import { type Spawn, sendingBy, type WorkerHandle } from "./worker-handle.js";

/** Settings of a pool. */
export interface PoolOptions {
  /** Workers at most; they start when jobs need them. */
  readonly size: number;
  readonly spawn: Spawn;
}

/** Settings of a lease. */
export interface LendOptions {
  /** Ends the waiting for a lease: `lend` rejects with the signal's reason. Runs of the lease have signals of their own. */
  readonly signal?: AbortSignal | undefined;
}

/** A pool of workers that all offer the methods of `Api`. */
export interface Pool<Api> {
  /** Workers at most. */
  readonly size: number;
  /**
   * Lends all workers to `use` until what it returns has settled. Users queue, first come, first served: a setup can't be
   * replaced, nor a worker taken, between two runs of one lease.
   *
   * A run that `use` has started and not awaited is stopped at the end of the lease. What `use` returns must not wait for another lease
   * of the same pool, which would wait for it.
   * @throws what `use` throws; the signal's reason when it aborts the waiting; {Error} when the pool is closed.
   */
  lend<T>(use: (lease: Lease<Api>) => Promise<T>, options?: LendOptions): Promise<T>;
  /** Terminates all workers; a run under way rejects, and so does everybody who waits for a lease. The process can end afterwards. */
  close(): Promise<void>;
}

/** Workers of a pool at most: each is a thread with a memory of its own. */
export const mostWorkers = 256;

/**
 * Makes a pool. No worker starts before a job needs it.
 *
 * @throws {RangeError} when `size` isn't a whole number from 1 to `mostWorkers`.
 */
export function createPool<Api extends object>({ size, spawn }: PoolOptions): Pool<Api> {
  if (!Number.isInteger(size) || size < 1 || size > mostWorkers)
    throw new RangeError(`pool: expected a number of workers from 1 to ${mostWorkers}, got ${inWords(size)}`);
  return new WorkerPool(size, spawn);
}

/** A running worker and the setup it has been through. */
interface Member<Api> {
  readonly handle: WorkerHandle;
  readonly api: Remote<Api>;
  /** Rejects with the cause when the worker dies: a call it was to answer stays pending for ever. */
  readonly death: Promise<never>;
  setup: Setup<Api> | undefined;
  readonly place: Place | undefined;
}

/** A job as a lease's run hands it on. */
interface Call {
  readonly index: number;
  readonly method: string;
  readonly job: unknown;
}

class WorkerPool<Api extends object> implements Pool<Api> {
  readonly #members = new Set<Member<Api>>();
  readonly #idle: Member<Api>[] = [];
  /** Places at the gate that no worker has. */
  readonly #places: Place[];
  /** Workers to be let through the gate, the last one in the order of their messages. */
  #called: number[] = [];
  /** Resolves when the last lease asked for has ended. */
  #last: Promise<void> = Promise.resolve();
  /** What closing stops: the run under way, and the waiting for leases. */
  readonly #stoppable = new Set<Stoppable>();
  #closed = false;

  constructor(
    readonly size: number,
    readonly spawn: Spawn,
  ) {
    const gate = createGate(size);
    this.#places = gate ? Array.from({ length: size }, (_, index) => ({ gate, index })) : [];
  }

  async lend<T>(use: (lease: Lease<Api>) => Promise<T>, { signal }: LendOptions = {}): Promise<T> {
    const before = this.#last;
    let leave = () => {};
    this.#last = new Promise<void>((resolve) => {
      leave = resolve;
    });
    try {
      await this.#stopping(signal, (waiting) => Promise.race([before, waiting.ended]));
      const lease = new WorkerLease<Api>(this.size, (setup, jobs, options) => this.#run(setup, jobs, options));
      try {
        return await use(lease);
      } finally {
        await lease.end();
      }
    } finally {
      // Whoever stops waiting doesn't let those behind overtake those before.
      void before.then(leave);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const one of this.#stoppable)
      one.stop(new Error("pool: expected to stay open until its run ends, got closed"));
    await Promise.all([...this.#members].map((member) => this.#discard(member)));
  }

  /** Does what an abort of the signal or the pool's closing can stop. */
  async #stopping<T>(signal: AbortSignal | undefined, act: (stoppable: Stoppable) => Promise<T>): Promise<T> {
    if (this.#closed) throw new Error("pool: expected an open pool, got a closed one");
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

  #run(setup: Setup<Api> | undefined, jobs: Iterable<unknown>, options: AnyRunOptions): Promise<unknown[]> {
    const { method, onResult, signal } = options;
    return this.#stopping(signal, async (run) => {
      options.onStart(run);
      const results: unknown[] = [];
      const queue = numbered(jobs);
      const lane = async () => {
        for (const [index, job] of queue) {
          const result = await this.#perform(run, setup, { index, method, job });
          results[index] = result;
          await onResult?.(index, result);
          if (run.stopped) return;
        }
      };
      await Promise.all(Array.from({ length: this.size }, () => lane().catch((reason) => run.stop(reason))));
      run.throwIfStopped();
      return results;
    });
  }

  /** One job, a second time on a fresh worker when the first one's died. */
  async #perform(run: Stoppable, setup: Setup<Api> | undefined, call: Call): Promise<unknown> {
    for (let deaths = 0; ; ) {
      const member = this.#idle.pop() ?? (await this.#hire());
      let died = true;
      try {
        run.throwIfStopped();
        const answer = this.#call(member, setup, call);
        const result = await Promise.race([answer.finally(() => (died = false)), member.death, run.ended]);
        this.#idle.push(member);
        return result;
      } catch (cause) {
        if (!run.stopped && !died) {
          // The job threw; its worker is as good as before.
          this.#idle.push(member);
          throw cause;
        }
        await this.#discard(member);
        run.throwIfStopped();
        if (++deaths === 2) {
          throw new Error(
            `pool: job ${call.index} (${call.method}): expected a living worker, got a second death: ${(cause as Error).message}`,
            { cause },
          );
        }
      }
    }
  }

  async #call(member: Member<Api>, setup: Setup<Api> | undefined, { method, job }: Call): Promise<unknown> {
    if (setup && member.setup !== setup) {
      // What a setup that fails leaves behind is nobody's.
      member.setup = undefined;
      await setup(member.api);
      member.setup = setup;
    }
    const call = (member.api as Record<string, unknown>)[method] as (job: unknown) => Promise<unknown>;
    return call(job);
  }

  /** Sends a message to the worker at a place, and opens the gate for it when everything that can be sent now has been sent. */
  #sendThrough({ gate, index }: Place, send: () => void): void {
    send();
    if (this.#called.push(index) > 1) return;
    queueMicrotask(() => {
      const called = this.#called;
      this.#called = [];
      openGate(gate, called);
    });
  }

  async #hire(): Promise<Member<Api>> {
    const place = this.#places.pop();
    const handle = await this.#start(place);
    const death = new Promise<never>((_, reject) => handle.onDeath(reject));
    const endpoint = place ? sendingBy(handle.endpoint, (send) => this.#sendThrough(place, send)) : handle.endpoint;
    const member: Member<Api> = { handle, api: wrap<Api>(endpoint), death, setup: undefined, place };
    this.#members.add(member);
    // Also handles a death nobody waits for: an idle worker's.
    death.catch(() => this.#discard(member));
    return member;
  }

  async #start(place: Place | undefined): Promise<WorkerHandle> {
    try {
      return await this.spawn(place);
    } catch (cause) {
      if (place) this.#places.push(place);
      throw cause;
    }
  }

  async #discard(member: Member<Api>): Promise<void> {
    if (this.#members.delete(member) && member.place) this.#places.push(member.place);
    const at = this.#idle.indexOf(member);
    if (at >= 0) this.#idle.splice(at, 1);
    await member.handle.terminate();
  }
}

/** The jobs with their indices; several lanes draw from the one generator. */
function* numbered<Job>(jobs: Iterable<Job>): Generator<[number, Job], void> {
  let index = 0;
  for (const job of jobs) yield [index++, job];
}
