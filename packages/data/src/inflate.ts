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

/** Bytes of a piece of unpacked gzip data, where the data doesn't say how many there are. */
const pieceBytes = 2 ** 20;

/** zlib's messages about a member whose trailer differs, in words. */
const mismatches: Readonly<Record<string, string>> = {
  "incorrect data check": "data whose CRC-32 differs from the stated one",
  "incorrect length check": "data of another length than stated",
};

/**
 * The bytes themselves, or what they hold where they are a gzip file: all its members, as `gzip -dc` gives them. Zeros after the
 * last member are padding.
 *
 * @param who  named in errors.
 * @throws {Error} when a member is truncated or corrupt (zlib compares its length and CRC-32), something else follows the last
 *   one, or the data is far larger than any real dataset packs to.
 */
export function gunzipIfNeeded(who: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  const stream = streamOf(bytes, gzip);
  const pieces: Uint8Array[] = [];
  let total = 0;
  let room = statedSize(bytes);
  for (;;) {
    if (stream.avail_out === 0) {
      // One more than stated shows data that is longer.
      stream.output = new Uint8Array(room + 1);
      [stream.next_out, stream.avail_out] = [0, room + 1];
      pieces.push(stream.output);
      room = pieceBytes;
    }
    const before = stream.avail_out;
    const status = zlibInflate(stream, Z_NO_FLUSH);
    total += before - stream.avail_out;
    checkExpansion(who, "gzip", bytes.length, total);
    if (status === Z_STREAM_END) {
      const rest = bytes.subarray(stream.next_in);
      if (rest.every((byte) => byte === 0)) break;
      if (rest[0] !== 0x1f || rest[1] !== 0x8b) {
        throw corrupt(who, "gzip", `${rest.length} bytes of something else from byte ${stream.next_in} on`);
      }
      zlibInflateReset(stream);
    } else if (status !== Z_OK && status !== Z_BUF_ERROR) {
      throw corrupt(who, "gzip", mismatches[stream.msg] ?? stream.msg);
    } else if (stream.avail_in === 0 && stream.avail_out > 0) {
      throw corrupt(who, "gzip", `${bytes.length} bytes that end within a member`);
    }
  }
  return joined(pieces, total);
}

/** The length in the last member's trailer, which mostly is that of all the data; bounded by what the file can hold. */
function statedSize(bytes: Uint8Array): number {
  if (bytes.length < 18) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Math.min(view.getUint32(bytes.length - 4, true), mostExpansion * bytes.length, freeBytes);
}

function joined(pieces: readonly Uint8Array[], total: number): Uint8Array {
  if (pieces.length === 1) return pieces[0]!.subarray(0, total);
  const whole = new Uint8Array(total);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece.subarray(0, Math.min(piece.length, total - at)), at);
    at += piece.length;
  }
  return whole;
}

/** Packed or stored data of a known size. */
export interface Packed {
  readonly bytes: Uint8Array;
  readonly isDeflated: boolean;
  readonly size: number;
  readonly crc: number;
}

/**
 * The first `count` bytes of a zip's member, or all where it has fewer; the rest isn't unpacked, nor is anything compared.
 * @throws {Error} when the data is corrupt before them.
 */
export function headOf(who: string, { bytes, isDeflated, size }: Packed, count: number): Uint8Array {
  const length = Math.min(size, count);
  return isDeflated ? inflated(who, bytes, length).output : bytes.subarray(0, length);
}

/**
 * A zip's member, compared with its size and CRC-32; where it is stored, a view of the archive.
 * @throws {Error} when it differs, or is far larger than any real dataset packs to.
 */
export function contentOf(who: string, { bytes, isDeflated, size, crc }: Packed): Uint8Array {
  if (isDeflated) checkExpansion(who, "zip", bytes.length, size);
  const content = isDeflated ? inflated(who, bytes, size) : { output: bytes, isWhole: bytes.length === size };
  if (!content.isWhole) throw corrupt(who, "zip", `data of another length than the ${size} bytes stated`);
  if (crc32(content.output) !== crc) throw corrupt(who, "zip", mismatches["incorrect data check"]!);
  return content.output;
}

/** At most `size` bytes of deflate data, and whether the data ended with them. */
function inflated(who: string, bytes: Uint8Array, size: number): { output: Uint8Array; isWhole: boolean } {
  const stream = streamOf(bytes, raw);
  stream.output = new Uint8Array(size);
  stream.avail_out = size;
  const status = zlibInflate(stream, Z_NO_FLUSH);
  if (status !== Z_STREAM_END && status !== Z_OK && status !== Z_BUF_ERROR) throw corrupt(who, "zip", stream.msg);
  const isWhole = status === Z_STREAM_END && stream.avail_in === 0 && stream.avail_out === 0;
  return { output: stream.output.subarray(0, size - stream.avail_out), isWhole };
}

function streamOf(bytes: Uint8Array, windowBits: number): ZStream {
  const stream = new ZStream();
  zlibInflateInit2(stream, windowBits);
  stream.input = bytes;
  [stream.next_in, stream.avail_in] = [0, bytes.length];
  [stream.next_out, stream.avail_out] = [0, 0];
  return stream;
}

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
