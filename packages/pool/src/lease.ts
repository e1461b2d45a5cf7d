import type { Remote } from "comlink";
import type { Stoppable } from "./stoppable.js";

/** What a method of a worker's api takes as its job. */
export type JobOf<Api, Name extends keyof Api> = Api[Name] extends (job: infer Job) => unknown ? Job : never;

/** What a method of a worker's api answers. */
export type ResultOf<Api, Name extends keyof Api> = Api[Name] extends (job: never) => infer Result
  ? Awaited<Result>
  : never;

/** Brings a worker into the state its jobs need (a model, a dataset). */
export type Setup<Api> = (api: Remote<Api>) => Promise<unknown>;

/** Settings of one run. */
export interface RunOptions<Name, Result> {
  /** The api's method that does a job. */
  readonly method: Name;
  /** Told of each result as it comes, in no fixed order; the worker gets its next job when this has returned (or resolved). */
  readonly onResult?: ((index: number, result: Result) => unknown) | undefined;
  /** Ends the run: it rejects with the signal's reason, and the busy workers are terminated. */
  readonly signal?: AbortSignal | undefined;
}

/** All workers of a pool, for one user alone until the lease ends. */
export interface Lease<Api> {
  /** Workers at most. */
  readonly size: number;
  /** Sets the setup: every worker, running or not yet started, goes through it once before its next job of this lease. */
  prepare(setup: Setup<Api>): void;
  /**
   * Does every job on some worker, one at a time on each. Resolves with the results in the order of the jobs.
   *
   * Jobs and results are structured-cloned; a job must not be transferred, as it may run twice: where its worker dies,
   * it runs again on a fresh one. Jobs are taken from the iterable only when a worker is free.
   *
   * @throws the error of a job that throws; an Error with the cause when a job's worker dies twice; the signal's reason.
   *   Busy workers are terminated then, and the lease can be used again.
   * @throws {Error} for a second run at the same time, and after the end of the lease.
   */
  run<Name extends keyof Api & string>(
    jobs: Iterable<JobOf<Api, Name>>,
    options: RunOptions<Name, ResultOf<Api, Name>>,
  ): Promise<ResultOf<Api, Name>[]>;
}

/** A run's settings, whatever its method. */
export interface AnyRunOptions extends RunOptions<string, unknown> {
  /** Told of what stops the run. */
  readonly onStart: (run: Stoppable) => void;
}

/** Does jobs on workers that have gone through a setup. */
type Perform<Api> = (
  setup: Setup<Api> | undefined,
  jobs: Iterable<unknown>,
  options: AnyRunOptions,
) => Promise<unknown[]>;

/** The lease of a pool whose runs `perform` does. */
export class WorkerLease<Api> implements Lease<Api> {
  #setup: Setup<Api> | undefined;
  /** The run under way. */
  #running: Promise<unknown> | undefined;
  #stop: ((reason: unknown) => void) | undefined;
  #ended = false;

  constructor(
    readonly size: number,
    readonly perform: Perform<Api>,
  ) {}

  prepare(setup: Setup<Api>): void {
    this.#check();
    this.#setup = setup;
  }

  async run<Name extends keyof Api & string>(
    jobs: Iterable<JobOf<Api, Name>>,
    { method, onResult, signal }: RunOptions<Name, ResultOf<Api, Name>>,
  ): Promise<ResultOf<Api, Name>[]> {
    this.#check();
    if (this.#running) throw new Error("pool: expected one run at a time, got a second; await the first");
    const run = this.perform(this.#setup, jobs, {
      method,
      onResult: onResult as RunOptions<string, unknown>["onResult"],
      signal,
      onStart: (one) => {
        this.#stop = (reason) => one.stop(reason);
      },
    });
    this.#running = run;
    try {
      return (await run) as ResultOf<Api, Name>[];
    } finally {
      this.#running = undefined;
      this.#stop = undefined;
    }
  }

  /** Resolves when no worker is busy any more. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#stop?.(new Error("pool: expected the run to end before its lease, got one under way; await it"));
    await this.#running?.catch(() => {});
  }

  #check(): void {
    if (this.#ended) throw new Error("pool: expected a lease that goes on, got one that has ended; use it inside lend");
  }
}
