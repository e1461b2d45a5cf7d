import {
  Z_BUF_ERROR,
  Z_NO_FLUSH,
  Z_OK,
  Z_STREAM_END,
  ZStream,
  zlibInflate,
  zlibInflateInit2,
  zlibInflateReset,
} from "pako";
import { crc32 } from "./crc32.js";

/** Values of zlib's windowBits: deflate data without a header, and gzip. */
const raw = -15;
const gzip = 31;

/** Packed data may hold this many bytes whatever its own length; more only up to `mostExpansion` times its length. */
const freeBytes = 64 * 2 ** 20;
const mostExpansion = 100;

/** Size of an output chunk when gzip data is longer than its trailer states. */
const chunkBytes = 2 ** 20;

/** Error texts for zlib's messages about a trailer that doesn't match the data. */
const mismatches: Readonly<Record<string, string>> = {
  "incorrect data check": "data whose CRC-32 differs from the stated one",
  "incorrect length check": "data of another length than stated",
};

/**
 * Decompresses a gzip file, all its members as `gzip -dc` does; returns other bytes unchanged. Zeros after the last member are
 * padding.
 *
 * @param who  the caller's name in errors.
 * @throws {Error} when a member is truncated or corrupt (zlib compares its length and CRC-32), when other bytes follow the last
 *   member, or when the data expands by more than any real dataset.
 */
export function gunzipIfNeeded(who: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = streamOf(bytes, gzip);
  const chunks: Uint8Array[] = [];
  let total = 0;
  let chunkSize = sizeFromTrailer(bytes);
  for (;;) {
    if (stream.avail_out === 0) {
      // One more byte than stated detects data that is longer.
      stream.output = new Uint8Array(chunkSize + 1);
      [stream.next_out, stream.avail_out] = [0, chunkSize + 1];
      chunks.push(stream.output);
      chunkSize = chunkBytes;
    }
    const before = stream.avail_out;
    const status = zlibInflate(stream, Z_NO_FLUSH);
    total += before - stream.avail_out;
    checkExpansion(who, "gzip", bytes.length, total);
    if (status === Z_STREAM_END) {
      const rest = bytes.subarray(stream.next_in);
      if (rest.every((byte) => byte === 0)) break;
      if (rest[0] !== 0x1f || rest[1] !== 0x8b) {
        throw corrupt(who, "gzip", `${rest.length} bytes that are no gzip member from byte ${stream.next_in} on`);
      }
      zlibInflateReset(stream);
    } else if (status !== Z_OK && status !== Z_BUF_ERROR) {
      throw corrupt(who, "gzip", mismatches[stream.msg] ?? stream.msg);
    } else if (stream.avail_in === 0 && stream.avail_out > 0) {
      throw corrupt(who, "gzip", `${bytes.length} bytes that end within a member`);
    }
  }
  return concatenate(chunks, total);
}

/**
 * Length that the last member's trailer states, usually that of all the data. At most `freeBytes` and `mostExpansion` times the file's
 * length; 0 for a file without room for a trailer.
 */
function sizeFromTrailer(bytes: Uint8Array): number {
  if (bytes.length < 18) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Math.min(view.getUint32(bytes.length - 4, true), mostExpansion * bytes.length, freeBytes);
}

/** The first `total` bytes of all chunks together. */
function concatenate(chunks: readonly Uint8Array[], total: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!.subarray(0, total);
  const whole = new Uint8Array(total);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk.subarray(0, Math.min(chunk.length, total - at)), at);
    at += chunk.length;
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
  return isDeflated ? inflated(who, bytes, length).output : bytes.subarray(0, length);
}

/**
 * The uncompressed data of a zip member, checked against its size and CRC-32. Stored data is a view of the archive.
 * @throws {Error} when size or CRC-32 differ, or when the data expands by more than any real dataset.
 */
export function contentOf(who: string, { bytes, isDeflated, size, crc }: Packed): Uint8Array {
  if (isDeflated) checkExpansion(who, "zip", bytes.length, size);
  const content = isDeflated ? inflated(who, bytes, size) : { output: bytes, isWhole: bytes.length === size };
  if (!content.isWhole) throw corrupt(who, "zip", `data of another length than the stated ${size} bytes`);
  if (crc32(content.output) !== crc) throw corrupt(who, "zip", mismatches["incorrect data check"]!);
  return content.output;
}

/** Decompresses at most `size` bytes; `isWhole` says whether the output is full and the data ends there. */
function inflated(who: string, bytes: Uint8Array, size: number): { output: Uint8Array; isWhole: boolean } {
  const stream = streamOf(bytes, raw);
  stream.output = new Uint8Array(size);
  stream.avail_out = size;
  const status = zlibInflate(stream, Z_NO_FLUSH);
  if (status !== Z_STREAM_END && status !== Z_OK && status !== Z_BUF_ERROR) throw corrupt(who, "zip", stream.msg);
  const isWhole = status === Z_STREAM_END && stream.avail_in === 0 && stream.avail_out === 0;
  return { output: stream.output.subarray(0, size - stream.avail_out), isWhole };
}

/** A zlib stream over `bytes` with no output yet. */
function streamOf(bytes: Uint8Array, windowBits: number): ZStream {
  const stream = new ZStream();
  zlibInflateInit2(stream, windowBits);
  stream.input = bytes;
  [stream.next_in, stream.avail_in] = [0, bytes.length];
  [stream.next_out, stream.avail_out] = [0, 0];
  return stream;
}

/** Throws when `size` exceeds `freeBytes` and `mostExpansion` times the packed length. */
function checkExpansion(who: string, format: string, packed: number, size: number): void {
  if (size > freeBytes && size > packed * mostExpansion) {
    throw new Error(
      `${who}: expected ${format} data of at most ${mostExpansion} times its packed length, got ${packed} bytes that hold ${size} or more; if the file can be trusted, store it uncompressed`,
    );
  }
}

function corrupt(who: string, format: string, got: string): Error {
  return new Error(`${who}: expected whole ${format} data, got ${got}; the file is truncated or corrupt`);
}
