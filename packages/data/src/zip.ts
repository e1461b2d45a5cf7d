import { strFromU8 } from "fflate";
import { checkContent, inflate } from "./gzip.js";

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endBytes = 22;
const entryBytes = 46;
const localBytes = 30;

/**
 * The files of a zip archive by name (stored or deflated, as numpy writes them), each compared with its CRC-32.
 *
 * @param who  named in errors.
 * @throws {Error} when the archive is truncated, corrupt, encrypted or otherwise packed, or needs zip64 (4 GB and more).
 */
export function unzip(who: string, bytes: Uint8Array): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const corrupt = (got: string) =>
    new Error(`${who}: expected a zip archive, got ${got}; the file is truncated or corrupt`);

  let end = bytes.length - endBytes;
  // A comment of up to 65,535 bytes may follow the end record.
  const lowest = Math.max(0, end - 0xffff);
  while (end >= lowest && view.getUint32(end, true) !== endSignature) end--;
  if (end < lowest) throw corrupt(`${bytes.length} bytes without an end record`);

  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const files = new Map<string, Uint8Array>();
  for (let i = 0; i < count; i++) {
    if (at + entryBytes > end || view.getUint32(at, true) !== entrySignature)
      throw corrupt(`no entry ${i} at byte ${at}`);
    const flags = view.getUint16(at + 8, true);
    const method = view.getUint16(at + 10, true);
    const crc = view.getUint32(at + 16, true);
    const packedSize = view.getUint32(at + 20, true);
    const size = view.getUint32(at + 24, true);
    const nameLength = view.getUint16(at + 28, true);
    const localAt = view.getUint32(at + 42, true);
    const name = strFromU8(bytes.subarray(at + entryBytes, at + entryBytes + nameLength));
    const entry = `${who}: ${name}`;
    at += entryBytes + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);

    if (packedSize === 0xffffffff || size === 0xffffffff || localAt === 0xffffffff) {
      throw new Error(`${entry}: expected less than 4 GB, got a zip64 entry`);
    }
    if (flags & 1) throw new Error(`${entry}: expected an unencrypted entry, got an encrypted one`);
    if (localAt + localBytes > bytes.length || view.getUint32(localAt, true) !== localSignature) {
      throw corrupt(`no data of "${name}" at byte ${localAt}`);
    }
    // The local header's own name and extra field decide where the data begins: numpy adds one there only.
    const start = localAt + localBytes + view.getUint16(localAt + 26, true) + view.getUint16(localAt + 28, true);
    if (start + packedSize > bytes.length) throw corrupt(`"${name}" cut off`);
    const packed = bytes.subarray(start, start + packedSize);
    if (method === 0) {
      checkContent(entry, "zip", packed, size, crc);
      files.set(name, packed);
    } else if (method === 8) {
      files.set(name, inflate(entry, "zip", packed, size, crc));
    } else {
      throw new Error(`${entry}: expected a stored or deflated entry, got compression method ${method}`);
    }
  }
  return files;
}
