import { type Executor, numbered, type OnResult } from "./executor.js";
import type { Workers } from "./pool.js";
import type { OpenTask, Task } from "./task.js";
import { eachInTurn } from "./turns.js";

/** Does jobs in the calling thread, one in each turn of the event loop. */
class InProcess implements Executor {
  readonly size = 1;
  readonly inProcess = true;
  #open: { readonly task: Task; readonly setup: object; readonly opened: OpenTask } | undefined;
  #isRunning = false;

  async run<Setup extends object, Job, Result>(
    task: Task<Setup, Job, Result>,
    setup: Setup,
    jobs: Iterable<Job>,
    onResult: OnResult<Result>,
    signal?: AbortSignal | undefined,
  ): Promise<void> {
    if (this.#isRunning) throw new Error("work: expected one run at a time, got a second run; await the first");
    this.#isRunning = true;
    try {
      const perform = async ([index, job]: readonly [number, Job]): Promise<void> => {
        const opened = (await this.#opened(task, setup)) as OpenTask<Job, Result>;
        await onResult(index, await opened.do(job));
      };
      await eachInTurn(numbered(jobs), perform, signal);
    } finally {
      this.#isRunning = false;
    }
  }

  /** Closes the open task. */
  close(): void {
    const open = this.#open;
    this.#open = undefined;
    open?.opened.close();
  }

  async #opened(task: Task, setup: object): Promise<OpenTask> {
    if (this.#open?.task !== task || this.#open.setup !== setup) {
      this.close();
      this.#open = { task, setup, opened: await task.open(setup) };
    }
    return this.#open.opened;
  }
}

/**
 * Calls `use` with a lease of the workers, or without workers with an executor that runs jobs in this thread. The executor can be used until
 * the promise of `use` settles.
 * @throws the signal's reason if it aborts while waiting for the lease; any error of `use`.
 */
export async function withExecutor<T>(
  workers: Workers | undefined,
  signal: AbortSignal | undefined,
  use: (executor: Executor) => Promise<T>,
): Promise<T> {
  if (workers) return workers.lend(use, { signal });
  const executor = new InProcess();
  try {
    return await use(executor);
  } finally {
    executor.close();
  }
}
