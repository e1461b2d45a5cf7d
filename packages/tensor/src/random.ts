import { allocate, f32, release, u32, wasm } from "@neft/kernels";
import { inWords } from "@neft/options";

/** Name of a random stream. Together with the seed it identifies the stream. */
export interface StreamName {
  /** Use of the numbers, e.g. "variation". */
  readonly purpose: string;
  /** Usually a parameter's name. Default: "". */
  readonly name?: string;
  /** Usually a chip or a sample, 0 … 2³² − 1. Default: 0. */
  readonly index?: number;
  /** Training step, 0 … 2³² − 1. Default: 0. */
  readonly step?: number;
}

/**
 * Key of the random stream (seed, purpose, name, index, step). Equal arguments give equal numbers on every machine.
 *
 * @throws {RangeError} when the seed isn't a whole number from 0 to 2⁵³ − 1, or index or step isn't one from 0 to 2³² − 1.
 */
export function stream(seed: number, { purpose, name = "", index = 0, step = 0 }: StreamName): bigint {
  if (!Number.isSafeInteger(seed) || seed < 0) {
    throw new RangeError(`stream: expected a seed from 0 to 2^53 - 1, got ${inWords(seed)}`);
  }
  for (const [which, value] of Object.entries({ index, step })) {
    if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 32)) {
      throw new RangeError(`stream: ${which}: expected a whole number from 0 to 2^32 - 1, got ${inWords(value)}`);
    }
  }
  return wasm().deriveKey(seed >>> 0, Math.floor(seed / 2 ** 32), purpose, name, index, step);
}

/** Lets `fill` write n 32-bit numbers to a temporary block and returns what `read` copies from it. */
function fillAndRead<T>(n: number, fill: (address: number) => void, read: (address: number) => T): T {
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`stream: expected a count ≥ 0, got ${n}`);
  const address = allocate(4 * n);
  try {
    fill(address);
    return read(address);
  } finally {
    release(address, 4 * n);
  }
}

/** The first n standard normal numbers of a stream. */
export function normals(key: bigint, n: number): Float32Array<ArrayBuffer> {
  return fillAndRead(
    n,
    (address) => wasm().fillNormal(key, address, n),
    (address) => f32(address, n).slice(),
  );
}

/** The first n uniform numbers of a stream, in [0, 1). */
export function uniforms(key: bigint, n: number): Float32Array<ArrayBuffer> {
  return fillAndRead(
    n,
    (address) => wasm().fillUniform(key, address, n),
    (address) => f32(address, n).slice(),
  );
}

/** The first n words of a stream, 32 random bits each. */
export function words(key: bigint, n: number): Uint32Array<ArrayBuffer> {
  return fillAndRead(
    n,
    (address) => wasm().fillBits(key, address, n),
    (address) => u32(address, n).slice(),
  );
}

/** A random permutation of 0 … n − 1, uniformly distributed: Fisher–Yates with rejection of biased words. */
export function permutation(key: bigint, n: number): Uint32Array<ArrayBuffer> {
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  let source = words(key, n + 32);
  let at = 0;
  for (let last = n - 1; last > 0; last--) {
    // Words from the last, incomplete multiple of `last + 1` would favour small values: reject them.
    const limit = 2 ** 32 - (2 ** 32 % (last + 1));
    let word: number;
    do {
      if (at === source.length) source = words(key, 2 * source.length);
      word = source[at++]!;
    } while (word >= limit);
    const other = word % (last + 1);
    [order[last], order[other]] = [order[other]!, order[last]!];
  }
  return order;
}
