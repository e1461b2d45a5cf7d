import { type CompiledKernels, initFrom } from "@neft/kernels";
import type { Endpoint, GateSlot } from "@neft/work";
import type { ChunkUrls } from "./chunk-names.js";
import { keepErrorClasses } from "./errors.js";

/** Data that a worker receives at its start. */
export interface WorkerStart {
  readonly role: "job";
  /** The compiled kernels of this thread; workers must run the same build. */
  readonly kernels: CompiledKernels;
  /** Where the files on demand are, in browsers. */
  readonly chunkUrls?: ChunkUrls | undefined;
  /** The worker's slot at the gate; undefined without a gate. */
  readonly slot: GateSlot | undefined;
  /** Where jobs come from. Default: the thread that started the worker. */
  readonly port?: Endpoint;
  /** Name of the lock that a browser worker holds until it ends. */
  readonly lock?: string;
}

/** Starts the kernels of a job worker. */
export function startWorker({ kernels }: WorkerStart): void {
  keepErrorClasses();
  initFrom(kernels);
}
