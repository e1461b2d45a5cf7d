import { linearMemory, wasm } from "./load.js";

let live = 0;
let peak = 0;

/** Bytes in use. */
export interface MemoryUse {
  /** Allocated and not released. */
  readonly live: number;
  /** The most that was live at once since the start or the last {@link resetPeak}. */
  readonly peak: number;
  /** Size of the linear memory, which only grows. */
  readonly memory: number;
}

/**
 * Address of `bytes` uninitialised bytes, aligned to 64; free them with {@link release}.
 *
 * @throws {RangeError} when it is 2 GiB or more, or doesn't fit the 4 GiB of a WebAssembly memory.
 */
export function allocate(bytes: number): number {
  if (!Number.isSafeInteger(bytes) || bytes < 0)
    throw new RangeError(`allocate: expected a size in bytes, got ${bytes}`);
  // Rust's allocator takes sizes below 2 GiB, the rounding up to the alignment included.
  const address = bytes <= 0x7fff_ff00 ? wasm().alloc(bytes) : 0;
  if (address === 0) {
    throw new RangeError(
      `allocate: expected a block below 2 GiB that fits a memory of 4 GiB with ${live} bytes in use, got ${bytes}; use smaller batches`,
    );
  }
  live += bytes;
  if (live > peak) peak = live;
  return address;
}

/** Frees what {@link allocate} returned for the same size. */
export function release(address: number, bytes: number): void {
  wasm().free(address, bytes);
  live -= bytes;
}

/** `count` floats at an address. The view dies when the memory grows: use it at once, never keep it. */
export function f32(address: number, count: number): Float32Array<ArrayBuffer> {
  return new Float32Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/** `count` signed integers at an address; see {@link f32}. */
export function i32(address: number, count: number): Int32Array<ArrayBuffer> {
  return new Int32Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/** `count` unsigned integers at an address; see {@link f32}. */
export function u32(address: number, count: number): Uint32Array<ArrayBuffer> {
  return new Uint32Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/** `count` doubles at an address; see {@link f32}. */
export function f64(address: number, count: number): Float64Array<ArrayBuffer> {
  return new Float64Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/** `count` bytes at an address; see {@link f32}. */
export function u8(address: number, count: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(linearMemory().buffer as ArrayBuffer, address, count);
}

/**
 * Runs `use` with the addresses of blocks of the given sizes in bytes, and frees them afterwards.
 * @throws what `use` throws, and as {@link allocate}.
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

/** How much memory is in use. */
export function memoryUse(): MemoryUse {
  return { live, peak, memory: linearMemory().buffer.byteLength };
}

/** Starts a new measurement of the peak. */
export function resetPeak(): void {
  peak = live;
}
