/**
 * A kind of work that another thread can do: opened with a setup, it does jobs. A worker finds it by its id in the table that it serves.
 *
 * Setups, jobs and results are plain data, since they cross to other threads. In the calling thread a setup may hold objects of the caller,
 * which the task then uses in place of copies; see `Executor.inProcess`.
 */
export interface Task<Setup extends object = object, Job = unknown, Result = unknown> {
  /** Unique among the tasks of a worker. */
  readonly id: string;
  /** Makes what the jobs have in common, such as a model and its samples. */
  open(setup: Setup): OpenTask<Job, Result> | Promise<OpenTask<Job, Result>>;
}

/** A task with its setup. */
export interface OpenTask<Job = unknown, Result = unknown> {
  /** Does one job. A job may run twice, because its worker may die; the same job gives the same result in every thread. */
  do(job: Job): Result | Promise<Result>;
  /** Frees what `open` made. */
  close(): void;
}
