import type { Stoppable } from "./stoppable.js";

/** Job type of a method: its parameter. */
export type JobOf<Api, Name extends keyof Api> = Api[Name] extends (job: infer Job) => unknown ? Job : never;

/** Result type of a method, awaited. */
export type ResultOf<Api, Name extends keyof Api> = Api[Name] extends (job: never) => infer Result
  ? Awaited<Result>
  : never;

/** The methods of a worker as other threads see them: each returns a promise. */
export type Remote<Api> = {
  readonly [Name in keyof Api]: Api[Name] extends (...args: infer Args) => infer Result
    ? (...args: Args) => Promise<Awaited<Result>>
    : never;
};

/** Prepares a worker for its jobs, for example by sending a model and a dataset. */
export type Setup<Api> = (api: Remote<Api>) => Promise<unknown>;

/** Options of one run. */
export interface RunOptions<Name, Result> {
  /** Method that runs a job. */
  readonly method: Name;
  /** Called with each result and its job's index, in no fixed order. The worker gets its next job after this returns or resolves. */
  readonly onResult?: ((index: number, result: Result) => unknown) | undefined;
  /** Aborts the run: it rejects with the signal's reason, and its busy workers are terminated. */
  readonly signal?: AbortSignal | undefined;
}

/** Exclusive use of all workers of a pool, until the lease ends. */
export interface Lease<Api> {
  /** Maximum number of workers. */
  readonly size: number;
  /** Sets the setup. Every worker, also one that starts later, runs it once before its next job of this lease. */
  prepare(setup: Setup<Api>): void;
  /**
   * Runs all jobs on the workers, one job per worker at a time.
   *
   * Jobs and results are cloned by the structured clone algorithm. A job must not be transferred, because it runs again on a new worker
   * when its worker dies. A job is taken from the iterable when a worker is free.
   *
   * @returns the results in the order of the jobs.
   * @throws the error of a job that throws; an Error with the cause when a job's worker dies twice; the signal's reason.
   *   Busy workers are then terminated, and the lease stays usable.
   * @throws {Error} while another run of the lease is in progress, and after the lease has ended.
   */
  run<Name extends keyof Api & string>(
    jobs: Iterable<JobOf<Api, Name>>,
    options: RunOptions<Name, ResultOf<Api, Name>>,
  ): Promise<ResultOf<Api, Name>[]>;
}

/** Options of a run, with untyped methods and results. */
export interface AnyRunOptions extends RunOptions<string, unknown> {
  /** Called with the handle that stops the run. */
  readonly onStart: (run: Stoppable) => void;
}

/** Runs jobs on workers that have run a setup. */
type RunJobs<Api> = (
  setup: Setup<Api> | undefined,
  jobs: Iterable<unknown>,
  options: AnyRunOptions,
) => Promise<unknown[]>;

/** A lease that passes its runs to `runJobs`. */
export class WorkerLease<Api> implements Lease<Api> {
  #setup: Setup<Api> | undefined;
  /** The run in progress. */
  #running: Promise<unknown> | undefined;
  #stop: ((reason: unknown) => void) | undefined;
  #ended = false;

  constructor(
    readonly size: number,
    readonly runJobs: RunJobs<Api>,
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
    if (this.#running) throw new Error("pool: expected one run at a time, got a second run; await the first");
    const run = this.runJobs(this.#setup, jobs, {
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

  /** Ends the lease and stops its run. Resolves when no worker is busy. */
  async end(): Promise<void> {
    this.#ended = true;
    this.#stop?.(new Error("pool: expected the run to end before its lease, got a run in progress; await it"));
    await this.#running?.catch(() => {});
    // A setup holds a model and its samples.
    this.#setup = undefined;
  }

  /** @throws {Error} after the end of the lease. */
  #check(): void {
    if (this.#ended) throw new Error("pool: expected an active lease, got one that has ended; use it inside lend");
  }
}
