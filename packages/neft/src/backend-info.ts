import { type Build, build, isRelaxedAvailable, isSimdAvailable, type MemoryUse, memoryUse } from "@neft/kernels";
import { threadsOfMachine } from "./threads.js";

/** The loaded build, and the capabilities of the environment. */
export interface BackendInfo {
  /** The build that `init` loaded. */
  readonly build: Build;
  /** Whether the engine supports SIMD, which both builds need. */
  readonly simdAvailable: boolean;
  /** Whether the engine supports relaxed SIMD, which `init({ relaxed: true })` requires. */
  readonly relaxedAvailable: boolean;
  /** Whether workers share memory with this thread. Without it, each worker copies weights and samples. */
  readonly sharedMemory: boolean;
  /** Number of hardware threads; 1 if the environment doesn't report it. */
  readonly threads: number;
  /** Linear memory of this thread, in bytes. */
  readonly memory: MemoryUse;
}

/**
 * Reports the loaded build and the capabilities of the environment.
 * @throws {Error} before `init` has finished.
 */
export function backendInfo(): BackendInfo {
  return {
    build: build(),
    simdAvailable: isSimdAvailable(),
    relaxedAvailable: isRelaxedAvailable(),
    sharedMemory: canShareMemory(),
    threads: threadsOfMachine(),
    memory: memoryUse(),
  };
}

/** Tries to clone a SharedArrayBuffer: a page that isn't cross-origin isolated may have the class but can't send its instances. */
function canShareMemory(): boolean {
  try {
    return structuredClone(new SharedArrayBuffer(1)).byteLength === 1;
  } catch {
    return false;
  }
}
