import { gunzipSync, inflateSync } from "fflate";
import { crc32 } from "./crc32.js";

/** Deflate can't expand further than this (RFC 1951: 258 bytes from 2 bits); a larger stated size is a corrupt or hostile file. */
const maxExpansion = 1032;

/**
 * The bytes themselves, or what they hold when they are a gzip file (one member).
 *
 * @param who  named in errors.
 * @throws {Error} when the gzip data is truncated or corrupt: its length and CRC-32 are compared.
 */
export function gunzipIfNeeded(who: string, bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  if (bytes.length < 18) throw corrupt(who, "gzip", `${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = view.getUint32(bytes.length - 4, true);
  checkExpansion(who, "gzip", bytes.length, size);
  const plain = decompress(who, "gzip", () => gunzipSync(bytes));
  checkContent(who, "gzip", plain, size, view.getUint32(bytes.length - 8, true));
  return plain;
}

/** Raw deflate data of a known size, compared with its CRC-32. */
export function inflate(who: string, format: string, bytes: Uint8Array, size: number, crc: number): Uint8Array {
  checkExpansion(who, format, bytes.length, size);
  const plain = decompress(who, format, () => inflateSync(bytes, { out: new Uint8Array(size) }));
  checkContent(who, format, plain, size, crc);
  return plain;
}

/** Throws unless `bytes` has the stated size and CRC-32. */
export function checkContent(who: string, format: string, bytes: Uint8Array, size: number, crc: number): void {
  if (bytes.length !== size) throw corrupt(who, format, `${bytes.length} bytes where its header says ${size}`);
  if (crc32(bytes) !== crc) throw corrupt(who, format, "data whose CRC-32 differs from the stated one");
}

function checkExpansion(who: string, format: string, packed: number, size: number): void {
  if (size > packed * maxExpansion) throw corrupt(who, format, `${packed} bytes that claim to hold ${size}`);
}

function decompress(who: string, format: string, run: () => Uint8Array): Uint8Array {
  try {
    return run();
  } catch (cause) {
    throw corrupt(who, format, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function corrupt(who: string, format: string, got: string, cause?: unknown): Error {
  return new Error(`${who}: expected whole ${format} data, got ${got}; the file is truncated or corrupt`, { cause });
}
