import { inWords } from "@neft/options";
import type { Remote } from "comlink";
import { wrap } from "comlink";
import { createGate, openGate, type Place } from "./gate.js";
import { type Spawn, sendingBy, type WorkerHandle } from "./worker-handle.js";

/** What a method of a worker's api takes as its job. */
export type JobOf<Api, Name extends keyof Api> = Api[Name] extends (job: infer Job) => unknown ? Job : never;

/** What a method of a worker's api answers. */
export type ResultOf<Api, Name extends keyof Api> = Api[Name] extends (job: never) => infer Result
  ? Awaited<Result>
  : never;

/** Brings a worker into the state its jobs need (a model, a dataset). */
export type Setup<Api> = (api: Remote<Api>) => Promise<unknown>;

/** Settings of a pool. */
export interface PoolOptions<Api> {
  /** Workers at most; they start when jobs need them. */
  readonly size: number;
  readonly spawn: Spawn;
  /** Runs once on every worker before its first job, fresh ones after a death included. */
  readonly setup?: Setup<Api>;
}

/** Settings of one run. */
export interface RunOptions<Name, Result> {
  /** The api's method that does a job. */
  readonly method: Name;
  /** Told of each result as it comes, in no fixed order; the worker gets its next job when this has returned (or resolved). */
  readonly onResult?: (index: number, result: Result) => unknown;
  /** Ends the run: it rejects with the signal's reason, and the busy workers are terminated. */
  readonly signal?: AbortSignal | undefined;
}

/** A pool of workers that all offer the methods of `Api`. */
export interface Pool<Api> {
  /** Workers at most. */
  readonly size: number;
  /**
   * Does every job on some worker, one at a time on each. Resolves with the results in the order of the jobs.
   *
   * Jobs and results are structured-cloned; a job must not be transferred, as it may run twice: where its worker dies,
   * it runs again on a fresh one. Jobs are taken from the iterable only when a worker is free.
   *
   * @throws the error of a job that throws; an Error with the cause when a job's worker dies twice; the signal's reason.
   *   Busy workers are terminated then, and the pool can be used again.
   */
  run<Name extends keyof Api & string>(
    jobs: Iterable<JobOf<Api, Name>>,
    options: RunOptions<Name, ResultOf<Api, Name>>,
  ): Promise<ResultOf<Api, Name>[]>;
  /** Replaces the setup: every worker, running or not yet started, goes through the new one before its next job. */
  prepare(setup: Setup<Api>): void;
  /** Terminates all workers; a run under way rejects. The process can end afterwards. */
  close(): Promise<void>;
}

/**
 * Makes a pool. No worker starts before a job needs it.
 *
 * @throws {RangeError} when `size` isn't a positive integer.
 */
export function createPool<Api extends object>({ size, spawn, setup }: PoolOptions<Api>): Pool<Api> {
  if (!Number.isInteger(size) || size < 1)
    throw new RangeError(`pool: expected a number of workers ≥ 1, got ${inWords(size)}`);
  return new WorkerPool(size, spawn, setup);
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

class WorkerPool<Api extends object> implements Pool<Api> {
  readonly #members = new Set<Member<Api>>();
  readonly #idle: Member<Api>[] = [];
  /** Places at the gate that no worker has. */
  readonly #places: Place[];
  /** Workers to be let through the gate, the last one in the order of their messages. */
  #called: number[] = [];
  #setup: Setup<Api> | undefined;
  /** Ends the run under way with an error. */
  #stop: ((reason: unknown) => void) | undefined;
  #closed = false;

  constructor(
    readonly size: number,
    readonly spawn: Spawn,
    setup: Setup<Api> | undefined,
  ) {
    this.#setup = setup;
    const gate = createGate(size);
    this.#places = gate ? Array.from({ length: size }, (_, index) => ({ gate, index })) : [];
  }

  prepare(setup: Setup<Api>): void {
    this.#setup = setup;
  }

  async run<Name extends keyof Api & string>(
    jobs: Iterable<JobOf<Api, Name>>,
    { method, onResult, signal }: RunOptions<Name, ResultOf<Api, Name>>,
  ): Promise<ResultOf<Api, Name>[]> {
    if (this.#closed) throw new Error("pool: expected an open pool, got a closed one");
    if (this.#stop) throw new Error("pool: expected one run at a time, got a second; await the first");
    signal?.throwIfAborted();

    const run = new Run();
    const abort = () => run.stop(signal?.reason);
    signal?.addEventListener("abort", abort, { once: true });
    this.#stop = (reason) => run.stop(reason);

    const results: ResultOf<Api, Name>[] = [];
    const queue = numbered(jobs);
    const lane = async () => {
      for (const [index, job] of queue) {
        const result = await this.#perform(run, index, method, job);
        results[index] = result;
        await onResult?.(index, result);
        if (run.stopped) return;
      }
    };
    try {
      await Promise.all(Array.from({ length: this.size }, () => lane().catch((reason) => run.stop(reason))));
    } finally {
      signal?.removeEventListener("abort", abort);
      this.#stop = undefined;
    }
    run.throwIfStopped();
    return results;
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#stop?.(new Error("pool: expected to stay open until its run ends, got closed"));
    await Promise.all([...this.#members].map((member) => this.#discard(member)));
  }

  /** One job, a second time on a fresh worker when the first one's died. */
  async #perform<Name extends keyof Api & string>(
    run: Run,
    index: number,
    method: Name,
    job: JobOf<Api, Name>,
  ): Promise<ResultOf<Api, Name>> {
    for (let deaths = 0; ; ) {
      const member = this.#idle.pop() ?? (await this.#hire());
      let died = true;
      try {
        run.throwIfStopped();
        const answer = this.#call(member, method, job);
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
            `pool: job ${index} (${method}): expected a living worker, got a second death: ${(cause as Error).message}`,
            { cause },
          );
        }
      }
    }
  }

  async #call<Name extends keyof Api & string>(
    member: Member<Api>,
    method: Name,
    job: JobOf<Api, Name>,
  ): Promise<ResultOf<Api, Name>> {
    const setup = this.#setup;
    if (setup && member.setup !== setup) {
      await setup(member.api);
      member.setup = setup;
    }
    const call = (member.api as Record<Name, unknown>)[method] as (job: unknown) => Promise<ResultOf<Api, Name>>;
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

/** One run's common end: the first reason given ends all its lanes. */
class Run {
  stopped = false;
  #reason: unknown;
  #reject: (reason: unknown) => void = () => {};
  /** Never resolves; rejects when the run is stopped. */
  readonly ended = new Promise<never>((_, reject) => {
    this.#reject = reject;
  });

  constructor() {
    // Stopping with no lane waiting is no unhandled rejection.
    this.ended.catch(() => {});
  }

  stop(reason: unknown): void {
    if (this.stopped) return;
    this.stopped = true;
    this.#reason = reason;
    this.#reject(reason);
  }

  throwIfStopped(): void {
    if (this.stopped) throw this.#reason;
  }
}

/** The jobs with their indices; several lanes draw from the one generator. */
function* numbered<Job>(jobs: Iterable<Job>): Generator<[number, Job], void> {
  let index = 0;
  for (const job of jobs) yield [index++, job];
}
