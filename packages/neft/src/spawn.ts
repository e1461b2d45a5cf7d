import { build } from "@neft/kernels";
import { createPool, nodeWorker, type Pool, type Spawn } from "@neft/pool";
import type { TrainingWorker } from "@neft/training";

/** What a worker is told when it starts. */
export interface WorkerStart {
  /** Whether this thread runs the relaxed build; the workers have to run the same. */
  readonly relaxed: boolean;
}

/** Starts one of our workers in a Node thread of its own. */
const spawnNode: Spawn = async () => {
  const { Worker } = await import("node:worker_threads");
  const workerData: WorkerStart = { relaxed: build() === "relaxed" };
  return nodeWorker(new Worker(new URL("./worker.js", import.meta.url), { workerData }));
};

/**
 * A pool of `size` workers for `evaluate` and `finetune`; they start when there is something to do. Close it at the end, or the
 * process stays.
 * @throws {RangeError} when `size` isn't a positive integer.
 */
export function createWorkers(size: number): Pool<TrainingWorker> {
  return createPool<TrainingWorker>({ size, spawn: spawnNode });
}
