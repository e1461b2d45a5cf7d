import { linearMemory, wasm } from "./instance.js";

let live = 0;
let peak = 0;

/** Use of the WebAssembly linear memory, in bytes. */
export interface MemoryUse {
  /** Bytes allocated and not yet released. */
  readonly live: number;
  /** Largest `live` since the start or the last {@link resetPeak}. */
  readonly peak: number;
  /** Size of the linear memory. It never shrinks. */
  readonly memory: number;
}

/**
 * Allocates a block of uninitialised memory. Free it with {@link release}.
 *
 * @param bytes  Size of the block; at least 0.
 * @returns the block's address, a multiple of 64.
 * @throws {RangeError} when `bytes` is 2 GiB or more, or the block doesn't fit in the 4 GiB of a WebAssembly memory.
 */
export function allocate(bytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new RangeError(`allocate: expected a size in bytes, got ${bytes}`);
  // Rust's allocator requires that the size, rounded up to the alignment, stays below 2 GiB.
  const address = bytes <= 0x7fff_ff00 ? wasm().alloc(bytes) : 0;
  if (address === 0) {
    throw new RangeError(
      `allocate: expected a block below 2 GiB that fits in 4 GiB of memory with ${live} bytes in use, got ${bytes} bytes; use smaller batches`,
    );
  }
  live += bytes;
  if (live > peak) peak = live;
  return address;
}

/**
 * Frees a block.
 *
 * @param address  Result of {@link allocate}.
 * @param bytes    Size the block was allocated with.
 */
export function release(address: number, bytes: number): void {
  wasm().free(address, bytes);
  live -= bytes;
}

/**
 * View of `count` f32 values at `address`, in bytes.
 *
 * Memory growth detaches the view: use it before the next allocation and never store it.
 */
export function f32(address: number, count: number): Float32Array<ArrayBuffer> {
  return new Float32Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/** View of `count` i32 values at `address`. Memory growth detaches it; see {@link f32}. */
export function i32(address: number, count: number): Int32Array<ArrayBuffer> {
  return new Int32Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/** View of `count` u32 values at `address`. Memory growth detaches it; see {@link f32}. */
export function u32(address: number, count: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/** View of `count` f64 values at `address`. Memory growth detaches it; see {@link f32}. */
export function f64(address: number, count: number): Float64Array<ArrayBuffer> {
  return new Float64Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/** View of `count` bytes at `address`. Memory growth detaches it; see {@link f32}. */
export function u8(address: number, count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/**
 * Allocates one block for each size, runs `use` with their addresses and frees them afterwards.
 *
 * @param sizes  Size of each block in bytes.
 * @returns the result of `use`.
 * @throws what `use` or {@link allocate} throws.
 */
export function withBlocks<T>(sizes: readonly number[], use: (...addresses: number[]) => T): T {
  const addresses: number[] = [];
  try {
    for (const bytes of sizes) addresses.push(allocate(bytes));
    return use(...addresses);
  } finally {
    for (const [i, address] of addresses.entries()) release(address, sizes[i]!);
  }
}

/** Current use of the linear memory, in bytes. */
export function memoryUse(): MemoryUse {
  return { live, peak, memory: linearMemory().buffer.byteLength };
}

/** Resets the peak of {@link memoryUse} to the bytes that are live now. */
export function resetPeak(): void {
  peak = live;
}
