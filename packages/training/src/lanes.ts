import type { Pool, Setup } from "@neft/pool";
import type { TrainingWorker } from "./worker.js";

/**
 * Where jobs of one kind are done: on a pool or right here. Jobs are taken in their order, each when there is somebody to do it;
 * results come in no fixed order, each with its job's index.
 */
export type Lane<Job, Result> = (
  jobs: Iterable<Job>,
  onResult: (index: number, result: Result) => void,
  signal?: AbortSignal | undefined,
) => Promise<void>;

/** Workers that do training jobs: what `evaluate` and `finetune` need of a pool. */
export type Workers = Pick<Pool<TrainingWorker>, "size" | "prepare" | "run">;

/** Does jobs in this thread, in order, and lets waiting events through after each. */
export function inProcess<Job, Result>(perform: (job: Job) => Result): Lane<Job, Result> {
  return async (jobs, onResult, signal) => {
    let index = 0;
    for (const job of jobs) {
      signal?.throwIfAborted();
      onResult(index++, perform(job));
      await nextTurn();
    }
    signal?.throwIfAborted();
  };
}

/** Does jobs on workers that have gone through `setup`. */
export function onWorkers<Name extends "evaluateChips" | "shardGradients">(
  workers: Workers,
  method: Name,
): Lane<Parameters<TrainingWorker[Name]>[0], ReturnType<TrainingWorker[Name]>> {
  return async (jobs, onResult, signal) => {
    // The two methods differ in their job's type only, which `method` decides.
    const run = workers.run as (jobs: Iterable<unknown>, options: object) => Promise<unknown>;
    await run.call(workers, jobs, { method, onResult, signal });
  };
}

/** The jobs, until there are none to be taken any more. */
export function* takenWhile<Job>(jobs: Iterable<Job>, goesOn: () => boolean): Generator<Job, void> {
  for (const job of jobs) {
    if (!goesOn()) return;
    yield job;
  }
}

/** A worker's setup as the pool wants it. */
export function prepareWith(setup: (api: TrainingWorker) => unknown): Setup<TrainingWorker> {
  return async (api) => setup(api as unknown as TrainingWorker);
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
