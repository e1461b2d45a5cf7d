import { gzipSync } from "fflate";
import { joinBytes } from "../../tensor/test/bytes.js";
import { crc32, idx } from "./formats.js";

const pixels = Array.from({ length: 400 }, (_, i) => (i * 31) % 251);
export const plain = idx([4, 10, 10], pixels);
export const labels = idx([4], [0, 1, 2, 3]);
export const [first, second] = [plain.subarray(0, 100), plain.subarray(100)];
const empty = gzipSync(new Uint8Array());
export const zeros = new Uint8Array(700);

/** A member whose header has all the fields that gzip knows: extra, name, comment and a CRC-16 of the header. */
export function decorated(data: Uint8Array, isRight = true): Uint8Array {
  const body = gzipSync(data, { mtime: 0 }).subarray(10);
  const head = joinBytes(
    Uint8Array.of(0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 255, 3, 0, 1, 2, 3),
    new TextEncoder().encode("name\0comment\0"),
  );
  const crc = crc32(head);
  return joinBytes(head, Uint8Array.of(crc & 255, ((crc >> 8) & 255) ^ Number(!isRight)), body);
}

/** Files of `plain`, packed in every way that gzip allows. */
export const readable: readonly [name: string, bytes: Uint8Array][] = [
  ["one member", gzipSync(plain)],
  ["two", joinBytes(gzipSync(first), gzipSync(second))],
  ["an empty one in front", joinBytes(empty, gzipSync(plain))],
  ["an empty one behind", joinBytes(gzipSync(plain), empty)],
  ["empty ones all over", joinBytes(empty, empty, gzipSync(first), empty, gzipSync(second), empty, empty)],
  ["one of 1 byte", joinBytes(gzipSync(plain.subarray(0, 1)), gzipSync(plain.subarray(1)))],
  ["zeros behind", joinBytes(gzipSync(plain), zeros)],
  ["a single zero behind", joinBytes(gzipSync(plain), Uint8Array.of(0))],
  ["zeros behind an empty member", joinBytes(gzipSync(plain), empty, zeros)],
  ["a header with every field", joinBytes(decorated(first), decorated(second))],
  ["stored blocks", joinBytes(gzipSync(first, { level: 0 }), gzipSync(second, { level: 0 }))],
];
