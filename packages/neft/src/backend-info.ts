import { type Build, build, isRelaxedAvailable, type MemoryUse, memoryUse } from "@neft/kernels";

/** What computes, and what the environment offers. */
export interface BackendInfo {
  /** The build that `init` loaded. */
  readonly build: Build;
  /** Whether the engine has relaxed SIMD, which `init({ relaxed: true })` needs. */
  readonly relaxedAvailable: boolean;
  /** Whether memory can be shared with workers, which have copies of weights and samples otherwise. */
  readonly sharedMemory: boolean;
  /** Threads that the machine runs at once; 1 where it doesn't say. */
  readonly threads: number;
  /** Bytes of linear memory of this thread. */
  readonly memory: MemoryUse;
}

/** @throws {Error} before `init` has finished. */
export function backendInfo(): BackendInfo {
  return {
    build: build(),
    relaxedAvailable: isRelaxedAvailable(),
    sharedMemory: canShareMemory(),
    threads: threadsOfMachine(),
    memory: memoryUse(),
  };
}

/** By trying: a page that isn't cross-origin isolated may have the class and can't send what it makes. */
function canShareMemory(): boolean {
  try {
    return structuredClone(new SharedArrayBuffer(1)).byteLength === 1;
  } catch {
    return false;
  }
}

/** Browsers and Node from 21 on say it in `navigator`, Node 20 in node:os. */
function threadsOfMachine(): number {
  const { navigator } = globalThis as { readonly navigator?: { readonly hardwareConcurrency?: number } };
  const node = globalThis.process?.getBuiltinModule?.("node:os");
  return navigator?.hardwareConcurrency ?? node?.availableParallelism() ?? 1;
}
