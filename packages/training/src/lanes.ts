import type { Lease, Pool } from "@neft/pool";
import type { SetupId, TrainingWorker } from "./worker.js";

/**
 * Where jobs of one kind are done: on a pool or right here. Jobs are taken in their order, each when there is somebody to do it;
 * results come in no fixed order, each with its job's index.
 */
export type Lane<Job, Result> = (
  jobs: Iterable<Job>,
  onResult: (index: number, result: Result) => void,
  signal?: AbortSignal | undefined,
) => Promise<void>;

/** Workers that do training jobs: what `evaluate` and `finetune` need of a pool. Any number of calls may share them. */
export type Workers = Pick<Pool<TrainingWorker>, "size" | "lend">;

/** Workers that one call has for itself. */
export type LentWorkers = Lease<TrainingWorker>;

/**
 * Does a call's work with the workers lent to it alone until it has settled, where there are any.
 * @throws the signal's reason when it aborts while the call waits for workers; what `use` throws.
 */
export function withLease<T>(
  workers: Workers | undefined,
  signal: AbortSignal | undefined,
  use: (lent: LentWorkers | undefined) => Promise<T>,
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

/** What workers do jobs with. */
type MethodOfJobs = "evaluateChips" | "shardGradients";

/** The last setup's id: another for each setup of this thread, whatever the pool. */
let lastSetup = 0;

/** Lanes on lent workers, which go through `setup` before their first job: it hands the id on. */
export function lanesOn(
  lent: LentWorkers,
  setup: (api: TrainingWorker, id: SetupId) => unknown,
): <Name extends MethodOfJobs>(
  method: Name,
) => Lane<Parameters<TrainingWorker[Name]>[0]["job"], ReturnType<TrainingWorker[Name]>> {
  const id = ++lastSetup;
  lent.prepare(async (api) => setup(api as unknown as TrainingWorker, id));
  return (method) => async (jobs, onResult, signal) => {
    // The two methods differ in their job's type only, which `method` decides.
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
