import { createPool, type Pool } from "@neft/pool";
import type { TrainingWorker } from "@neft/training";
import { spawn } from "#spawn";

/**
 * Creates a pool of `size` workers for `evaluate` and `finetune`. Workers start with the first job. Close the pool at the end: running
 * workers keep the process alive.
 * @throws {RangeError} if `size` is not a positive integer.
 */
export function createWorkers(size: number): Pool<TrainingWorker> {
  return createPool<TrainingWorker>({ size, spawn });
}
