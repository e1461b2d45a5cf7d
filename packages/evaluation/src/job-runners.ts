import type { JobOf, Lease, Pool, ResultOf } from "@neft/pool";
import type { JobOfSetup, SetupId } from "./worker.js";

/**
 * Runs jobs of one kind, on workers or in this thread, and resolves when all are done. Jobs start in order, each when a worker is
 * free. `onResult` gets each result with its job's index; the order of results is not fixed.
 */
export type JobRunner<Job, Result> = (
  jobs: Iterable<Job>,
  onResult: (index: number, result: Result) => void,
  signal?: AbortSignal | undefined,
) => Promise<void>;

/** The part of a pool that `evaluate` and `finetune` use. `Api` lists the workers' methods. Several calls may share one pool. */
export type WorkersOf<Api> = Pick<Pool<Api>, "size" | "lend">;

/**
 * Calls `use` with a lease of the workers, which ends when its promise settles; without workers, with undefined.
 * @throws the signal's reason if it aborts while waiting for the lease; any error of `use`.
 */
export function withLease<Api, T>(
  workers: WorkersOf<Api> | undefined,
  signal: AbortSignal | undefined,
  use: (lent: Lease<Api> | undefined) => Promise<T>,
): Promise<T> {
  return workers ? workers.lend(use, { signal }) : use(undefined);
}

/**
 * Makes a runner that runs jobs in this thread, in order. It yields to the event loop before each job, so that no job runs inside
 * the caller's tensor scope.
 */
export function inProcess<Job, Result>(perform: (job: Job) => Result): JobRunner<Job, Result> {
  return async (jobs, onResult, signal) => {
    let index = 0;
    for (const job of jobs) {
      await nextTurn();
      signal?.throwIfAborted();
      onResult(index++, perform(job));
    }
    signal?.throwIfAborted();
  };
}

/** The type of the job inside a `JobOfSetup`. */
type InnerJob<Job> = Job extends JobOfSetup<infer Inner> ? Inner : never;

/** Id of the last setup; ids are unique in this thread, over all pools. */
let lastSetup = 0;

/**
 * Makes runners of jobs on leased workers, one per method of `Api` that takes a `JobOfSetup`.
 *
 * @param setup  runs on each worker before its first job; it passes the setup and its id to the worker.
 */
export function runnersOn<Api>(
  lent: Lease<Api>,
  setup: (api: Api, id: SetupId) => unknown,
): <Name extends keyof Api & string>(method: Name) => JobRunner<InnerJob<JobOf<Api, Name>>, ResultOf<Api, Name>> {
  const id = ++lastSetup;
  lent.prepare(async (api) => setup(api as unknown as Api, id));
  return (method) => async (jobs, onResult, signal) => {
    // TypeScript can't tell that `method` determines the type of the jobs.
    const run = lent.run as (jobs: Iterable<unknown>, options: object) => Promise<unknown>;
    await run.call(lent, ofSetup(jobs, id), { method, onResult, signal });
  };
}

/** Adds the setup's id to each job. */
function* ofSetup<Job>(jobs: Iterable<Job>, setup: SetupId): Generator<{ setup: SetupId; job: Job }, void> {
  for (const job of jobs) yield { setup, job };
}

/**
 * Runs jobs until one is broken. `onResult` gets the results of the others.
 * @throws {Error} with the words of the first broken job, in the order of the jobs.
 */
export async function runUnbroken<Job, Result extends { readonly broken?: string | undefined }>(
  runJobs: JobRunner<Job, Result>,
  jobs: readonly Job[],
  onResult: (index: number, result: Result) => void,
  signal?: AbortSignal | undefined,
): Promise<void> {
  const broken: string[] = [];
  await runJobs(
    takeWhile(jobs, () => broken.length === 0),
    (index, result) => {
      if (result.broken === undefined) onResult(index, result);
      else broken[index] = result.broken;
    },
    signal,
  );
  // Jobs start in order, so all jobs before a broken one have run: the first broken job is known for any number of workers.
  const first = broken.find((words) => words !== undefined);
  if (first !== undefined) throw new Error(first);
}

/** Yields jobs while the condition holds. It is tested before each job. */
function* takeWhile<Job>(jobs: Iterable<Job>, condition: () => boolean): Generator<Job, void> {
  for (const job of jobs) {
    if (!condition()) return;
    yield job;
  }
}

/** Resolves in the next turn of the event loop, so that pending events such as an abort are handled. */
export function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
