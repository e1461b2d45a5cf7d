import type { Task } from "./task.js";

/** Takes a result and its job's index. */
export type OnResult<Result> = (index: number, result: Result) => unknown;

/** What does jobs: the calling thread, or leased workers. */
export interface Executor {
  /** Maximum number of jobs at a time. */
  readonly size: number;
  /** Whether jobs run in the calling thread, so that a setup may hold its objects and a job sees what it changes in them. */
  readonly inProcess: boolean;
  /**
   * Does all jobs of a task. They start in their order, each taken from the iterable when the executor is free for it.
   *
   * A task stays open from one run to the next while both pass the same setup, the same object. It must not change: a worker that starts
   * later gets it as it then is.
   *
   * @param onResult  Called with each result, in no fixed order. The next job starts after it has returned or resolved.
   * @param signal  Aborts the run: it rejects with the signal's reason.
   * @throws the error of a setup, of a job or of `onResult`. The executor stays usable.
   * @throws {Error} while another run is in progress.
   */
  run<Setup extends object, Job, Result>(
    task: Task<Setup, Job, Result>,
    setup: Setup,
    jobs: Iterable<Job>,
    onResult: OnResult<Result>,
    signal?: AbortSignal | undefined,
  ): Promise<void>;
}

/** `Executor.run` for one task and setup. */
export type JobRunner<Job, Result> = (
  jobs: Iterable<Job>,
  onResult: OnResult<Result>,
  signal?: AbortSignal | undefined,
) => Promise<void>;

/** Pairs of index and job. */
export function* numbered<Job>(jobs: Iterable<Job>): Generator<[number, Job], void> {
  let index = 0;
  for (const job of jobs) yield [index++, job];
}
