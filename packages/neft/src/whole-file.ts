import { writeSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";

// Files of any size. One call of Node's reads or writes less than 2 GiB.

/** Bytes that one call reads or writes. */
const pieceBytes = 2 ** 30;

/**
 * Reads a regular file to its end.
 * @param size  its length, as it was found.
 */
export async function readWhole(file: FileHandle, size: number, piece = pieceBytes): Promise<Uint8Array> {
  const bytes = new Uint8Array(size);
  let at = 0;
  while (at < size) {
    const { bytesRead } = await file.read(bytes, at, Math.min(piece, size - at), at);
    if (bytesRead === 0) break;
    at += bytesRead;
  }
  return bytes.subarray(0, at);
}

/** Writes all bytes to an open file. */
export function writeWhole(file: number, bytes: Uint8Array, piece = pieceBytes): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, Math.min(piece, bytes.length - at));
}
