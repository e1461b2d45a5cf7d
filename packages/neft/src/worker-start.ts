import type { CompiledKernels } from "@neft/kernels";
import type { GateSlot } from "@neft/pool";

/** Data that a worker receives at its start. */
export interface WorkerStart {
  /** The compiled kernels of this thread; workers must run the same build. */
  readonly kernels: CompiledKernels;
  /** The worker's slot at the gate; undefined without a gate. */
  readonly slot: GateSlot | undefined;
  /** Name of the lock that a browser worker holds until it ends. */
  readonly lock?: string;
}
