import type { Executor, OnResult } from "./executor.js";
import type { Stoppable } from "./stoppable.js";
import type { Task } from "./task.js";

/** A run of a lease. */
export interface Run {
  readonly task: Task;
  readonly setup: object;
  readonly jobs: Iterable<unknown>;
  readonly onResult: OnResult<unknown>;
  readonly signal: AbortSignal | undefined;
  /** Called with the handle that stops the run. */
  readonly onStart: (run: Stoppable) => void;
}

/** Exclusive use of all workers of a pool, until the lease ends. It passes its runs to `runJobs`. */
export class Lease implements Executor {
  readonly inProcess = false;
  /** The run in progress. */
  #running: Promise<unknown> | undefined;
  #stop: ((reason: unknown) => void) | undefined;
  #ended = false;

  constructor(
    readonly size: number,
    readonly runJobs: (run: Run) => Promise<void>,
  ) {}

  async run<Setup extends object, Job, Result>(
    task: Task<Setup, Job, Result>,
    setup: Setup,
    jobs: Iterable<Job>,
    onResult: OnResult<Result>,
    signal?: AbortSignal | undefined,
  ): Promise<void> {
    if (this.#ended) throw new Error("pool: expected an active lease, got one that has ended; use it inside lend");
    if (this.#running) throw new Error("pool: expected one run at a time, got a second run; await the first");
    const onStart = (run: Stoppable): void => {
      this.#stop = (reason) => run.stop(reason);
    };
    this.#running = this.runJobs({ task, setup, jobs, onResult: onResult as OnResult<unknown>, signal, onStart });
    try {
      await this.#running;
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
  }
}
