import { isGzip } from "./bytes.js";
import { crc32 } from "./crc32.js";
import { cutOff, DeflateError, type Inflated, inflate } from "./deflate.js";

/** Packed data may hold this many bytes whatever its own length; more only up to `mostExpansion` times its length. */
const freeBytes = 64 * 2 ** 20;
const mostExpansion = 100;

const wrongCrc = "data whose CRC-32 differs from the stated one";

/**
 * Decompresses a gzip file, all its members as `gzip -dc` does; returns other bytes unchanged. Zeros after the last member are
 * padding.
 *
 * @param who  the caller's name in errors.
 * @throws {Error} when a member is truncated or corrupt (its length and CRC-32 are compared), when other bytes follow the last
 *   member, or when the data expands by more than any real dataset.
 */
export function gunzipIfNeeded(who: string, bytes: Uint8Array): Uint8Array {
  if (!isGzip(bytes)) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const parts: Uint8Array[] = [];
  let [at, total] = [0, 0];
  do {
    const { output, end = at } = inflated(who, "gzip", () =>
      inflate(bytes, afterHeader(bytes, at), sizeFromTrailer(view), largestSize(bytes) + 1 - total),
    );
    total += output.length;
    checkExpansion(who, "gzip", bytes, total);
    at = end + 8;
    if (at > bytes.length) throw corrupt(who, "gzip", cutOff);
    if (view.getUint32(end, true) !== crc32(output)) throw corrupt(who, "gzip", wrongCrc);
    if (view.getUint32(end + 4, true) !== output.length)
      throw corrupt(who, "gzip", "data of another length than stated");
    parts.push(output);
  } while (isGzip(bytes.subarray(at)));
  const rest = bytes.subarray(at);
  if (rest.some((byte) => byte !== 0))
    throw corrupt(who, "gzip", `${rest.length} bytes that are no gzip member from byte ${at} on`);
  return concatenate(parts, total);
}

/** Bits of a gzip header's flags. */
const flag = { crc: 2, extra: 4, name: 8, comment: 16, unknown: 0xe0 };

/** Index of the deflate data of the gzip member at `at`. RFC 1952. */
function afterHeader(bytes: Uint8Array, at: number): number {
  const [method = 8, flags = 0] = bytes.subarray(at + 2, at + 4);
  if (method !== 8) throw new DeflateError(`compression method ${method}`);
  if (flags & flag.unknown) throw new DeflateError("a header with unknown flags");
  const uint16 = (index: number): number => bytes[index]! | (bytes[index + 1]! << 8);
  let next = at + 10;
  if (flags & flag.extra) next += 2 + uint16(next);
  // Both are text that ends with a zero.
  for (const text of [flag.name, flag.comment])
    if (flags & text) next = bytes.indexOf(0, next) + 1 || Number.POSITIVE_INFINITY;
  const header = bytes.subarray(at, next);
  if (flags & flag.crc) next += 2;
  if (next > bytes.length) throw new DeflateError(cutOff);
  if (flags & flag.crc && uint16(next - 2) !== (crc32(header) & 0xffff))
    throw new DeflateError("a header whose CRC-16 differs from the stated one");
  return next;
}

/**
 * Length that the last member's trailer states, usually that of all the data. At most `freeBytes` and `mostExpansion` times the file's
 * length; 0 for a file without room for a trailer.
 */
function sizeFromTrailer(view: DataView): number {
  const { byteLength } = view;
  if (byteLength < 18) return 0;
  return Math.min(view.getUint32(byteLength - 4, true), mostExpansion * byteLength, freeBytes);
}

/** All parts together. */
function concatenate(parts: readonly Uint8Array[], total: number): Uint8Array {
  if (parts.length === 1) return parts[0]!;
  const whole = new Uint8Array(total);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Data of a zip member as it is in the archive: deflated or stored. */
export interface Packed {
  readonly bytes: Uint8Array;
  readonly isDeflated: boolean;
  /** Uncompressed size in bytes. */
  readonly size: number;
  /** CRC-32 of the uncompressed data. */
  readonly crc: number;
}

/**
 * The first `count` uncompressed bytes of a zip member, or all when it has fewer. Checks neither size nor CRC-32.
 * @throws {Error} when the data is corrupt before that point.
 */
export function headOf(who: string, { bytes, isDeflated, size }: Packed, count: number): Uint8Array {
  const length = Math.min(size, count);
  return isDeflated ? inflated(who, "zip", () => inflate(bytes, 0, length, length)).output : bytes.subarray(0, length);
}

/**
 * The uncompressed data of a zip member, checked against its size and CRC-32. Stored data is a view of the archive.
 * @throws {Error} when size or CRC-32 differ, or when the data expands by more than any real dataset.
 */
export function contentOf(who: string, { bytes, isDeflated, size, crc }: Packed): Uint8Array {
  if (isDeflated) checkExpansion(who, "zip", bytes, size);
  const { output, end } = isDeflated
    ? inflated(who, "zip", () => inflate(bytes, 0, size, size))
    : { output: bytes, end: bytes.length };
  if (output.length !== size || end !== bytes.length)
    throw corrupt(who, "zip", `data of another length than the stated ${size} bytes`);
  if (crc32(output) !== crc) throw corrupt(who, "zip", wrongCrc);
  return output;
}

/** What `decompress` returns; its errors name the caller. */
function inflated(who: string, format: string, decompress: () => Inflated): Inflated {
  try {
    return decompress();
  } catch (error) {
    throw error instanceof DeflateError ? corrupt(who, format, error.message) : error;
  }
}

/** The most bytes that data of this packed length may hold. */
const largestSize = ({ length }: Uint8Array): number => Math.max(freeBytes, mostExpansion * length);

/** Throws when data of `size` bytes exceeds `largestSize`. */
function checkExpansion(who: string, format: string, packed: Uint8Array, size: number): void {
  if (size > largestSize(packed)) {
    throw new Error(
      `${who}: expected ${format} data of at most ${mostExpansion} times its packed length, got ${packed.length} bytes that hold ${size} or more; if the file can be trusted, store it uncompressed`,
    );
  }
}

function corrupt(who: string, format: string, got: string): Error {
  return new Error(`${who}: expected whole ${format} data, got ${got}; the file is truncated or corrupt`);
}
