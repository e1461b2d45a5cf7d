import { build } from "@neft/kernels";
import { createPool, type GateSlot, nodeWorker, type Pool, type Spawn } from "@neft/pool";
import type { TrainingWorker } from "@neft/training";

/** Data that a worker receives at its start. */
export interface WorkerStart {
  /** Whether this thread runs the relaxed build; workers must run the same build. */
  readonly relaxed: boolean;
  /** The worker's slot at the gate; undefined without a gate. */
  readonly slot: GateSlot | undefined;
}

/**
 * Size of V8's young generation in a worker, in MB. With V8's default of 48, the young generation soon exceeds the growth allowed to the
 * old one, and V8 then marks the old generation without pause: 10 % of a core for workers with short steps. A smaller size collects
 * the young generation more often than necessary.
 */
const maxYoungGenerationSizeMb = 24;

/** Starts a worker in a new Node thread. */
const spawnNode: Spawn = async (slot) => {
  const { Worker } = await import("node:worker_threads");
  const workerData: WorkerStart = { relaxed: build() === "relaxed", slot };
  const resourceLimits = { maxYoungGenerationSizeMb };
  return nodeWorker(new Worker(new URL("./worker.js", import.meta.url), { workerData, resourceLimits }));
};

/**
 * Creates a pool of `size` workers for `evaluate` and `finetune`. Workers start with the first job. Close the pool at the end: running
 * workers keep the process alive.
 * @throws {RangeError} if `size` is not a positive integer.
 */
export function createWorkers(size: number): Pool<TrainingWorker> {
  return createPool<TrainingWorker>({ size, spawn: spawnNode });
}
