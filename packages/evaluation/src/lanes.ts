import type { JobOf, Lease, Pool, ResultOf } from "@neft/pool";
import type { JobOfSetup, SetupId } from "./worker.js";

/**
 * Where jobs of one kind are done: on a pool or right here. Jobs are taken in their order, each when there is somebody to do it;
 * results come in no fixed order, each with its job's index.
 */
export type Lane<Job, Result> = (
  jobs: Iterable<Job>,
  onResult: (index: number, result: Result) => void,
  signal?: AbortSignal | undefined,
) => Promise<void>;

/** What a call needs of a pool whose workers offer `Api`. Any number of calls may share them. */
export type WorkersOf<Api> = Pick<Pool<Api>, "size" | "lend">;

/**
 * Does a call's work with the workers lent to it alone until it has settled, where there are any.
 * @throws the signal's reason when it aborts while the call waits for workers; what `use` throws.
 */
export function withLease<Api, T>(
  workers: WorkersOf<Api> | undefined,
  signal: AbortSignal | undefined,
  use: (lent: Lease<Api> | undefined) => Promise<T>,
): Promise<T> {
  return workers ? workers.lend(use, { signal }) : use(undefined);
}

/**
 * Does jobs in this thread, in order, and lets waiting events through before each: no job runs in a scope of the caller's, or among
 * the tensors of another call.
 */
export function inProcess<Job, Result>(perform: (job: Job) => Result): Lane<Job, Result> {
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

/** The job within a job of a setup. */
type InnerJob<Job> = Job extends JobOfSetup<infer Inner> ? Inner : never;

/** The last setup's id: another for each setup of this thread, whatever the pool. */
let lastSetup = 0;

/**
 * Lanes on lent workers, which go through `setup` before their first job: it hands the id on. A lane is one of the methods of the api
 * that take jobs of a setup.
 */
export function lanesOn<Api>(
  lent: Lease<Api>,
  setup: (api: Api, id: SetupId) => unknown,
): <Name extends keyof Api & string>(method: Name) => Lane<InnerJob<JobOf<Api, Name>>, ResultOf<Api, Name>> {
  const id = ++lastSetup;
  lent.prepare(async (api) => setup(api as unknown as Api, id));
  return (method) => async (jobs, onResult, signal) => {
    // Methods differ in their job's type only, which `method` decides.
    const run = lent.run as (jobs: Iterable<unknown>, options: object) => Promise<unknown>;
    await run.call(lent, ofSetup(jobs, id), { method, onResult, signal });
  };
}

function* ofSetup<Job>(jobs: Iterable<Job>, setup: SetupId): Generator<{ setup: SetupId; job: Job }, void> {
  for (const job of jobs) yield { setup, job };
}

/** The jobs, until there are none to be taken any more. */
export function* takenWhile<Job>(jobs: Iterable<Job>, goesOn: () => boolean): Generator<Job, void> {
  for (const job of jobs) {
    if (!goesOn()) return;
    yield job;
  }
}

/** Resolves once the event loop has gone round: a signal or an input can be noticed before the next job. */
function nextTurn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  return new Promise((resolve) => {
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
