import { build } from "@neft/kernels";
import { createPool, type GateSlot, nodeWorker, type Pool, type Spawn } from "@neft/pool";
import type { TrainingWorker } from "@neft/training";

/** What a worker is told when it starts. */
export interface WorkerStart {
  /** Whether this thread runs the relaxed build; the workers have to run the same. */
  readonly relaxed: boolean;
  readonly place: GateSlot | undefined;
}

/**
 * Megabytes for young objects. With V8's own choice, 48, the room for them soon is larger than what it leaves old ones to grow, and then
 * it collects those without end: the marking takes a tenth of a core from workers whose steps are short. With less than this it
 * collects the young ones more often than need be.
 */
const maxYoungGenerationSizeMb = 24;

/** Starts one of our workers in a Node thread of its own. */
const spawnNode: Spawn = async (place) => {
  const { Worker } = await import("node:worker_threads");
  const workerData: WorkerStart = { relaxed: build() === "relaxed", place };
  const resourceLimits = { maxYoungGenerationSizeMb };
  return nodeWorker(new Worker(new URL("./worker.js", import.meta.url), { workerData, resourceLimits }));
};

/**
 * A pool of `size` workers for `evaluate` and `finetune`; they start when there is something to do. Close it at the end, or the
 * process stays.
 * @throws {RangeError} when `size` isn't a positive integer.
 */
export function createWorkers(size: number): Pool<TrainingWorker> {
  return createPool<TrainingWorker>({ size, spawn: spawnNode });
}
