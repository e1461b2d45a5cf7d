import { createPool, type Pool } from "@neft/work";
import { spawn } from "#spawn";
import { keepErrorClasses } from "./errors.js";

/** A pool of workers, which calls of `evaluate` and `finetune` can share: they queue for it. */
export interface Workers {
  /** Maximum number of workers. */
  readonly size: number;
  /** Terminates all workers. The call in progress and all waiting calls reject. */
  close(): Promise<void>;
}

/**
 * Creates a pool of `size` workers for `evaluate` and `finetune`. Workers start with the first job. Close the pool at the end: running
 * workers keep the process alive.
 * @throws {RangeError} if `size` is not a positive integer.
 */
export function createWorkers(size: number): Workers {
  keepErrorClasses();
  return createPool({ size, spawn });
}

/** The pool behind {@link Workers}. */
export const poolOf = (workers: Workers): Pool => workers as Pool;
