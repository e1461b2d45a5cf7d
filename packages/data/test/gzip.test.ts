import { readFileSync } from "node:fs";
import { gunzipSync as nodeGunzip } from "node:zlib";
import { decodeIdx } from "@neft/data";
import { gzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { idx } from "./formats.js";

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url)));
const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

const pixels = Array.from({ length: 400 }, (_, i) => (i * 31) % 251);
const plain = idx([4, 10, 10], pixels);
const labels = idx([4], [0, 1, 2, 3]);
const [first, second] = [plain.subarray(0, 100), plain.subarray(100)];
const empty = gzipSync(new Uint8Array());
const zeros = new Uint8Array(700);

/** A member whose header has all the fields that gzip knows: extra, name, comment and a CRC-16 of the header. */
function decorated(data: Uint8Array, isRight = true): Uint8Array {
  const body = gzipSync(data, { mtime: 0 }).subarray(10);
  const head = joined(
    Uint8Array.of(0x1f, 0x8b, 8, 2 | 4 | 8 | 16, 0, 0, 0, 0, 0, 255, 3, 0, 1, 2, 3),
    new TextEncoder().encode("name\0comment\0"),
  );
  let crc = 0xffffffff;
  for (const byte of head) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  crc = ~crc;
  return joined(head, Uint8Array.of(crc & 255, ((crc >> 8) & 255) ^ Number(!isRight)), body);
}

describe("gzip", () => {
  it("reads what gzip itself made of several members", () => {
    const data = decodeIdx(golden("members.gz"), golden("labels.idx"));
    expect(data).toEqual(decodeIdx(golden("images.idx"), golden("labels.idx")));
  });

  it.each<[string, Uint8Array]>([
    ["one member", gzipSync(plain)],
    ["two", joined(gzipSync(first), gzipSync(second))],
    ["an empty one in front", joined(empty, gzipSync(plain))],
    ["an empty one behind", joined(gzipSync(plain), empty)],
    ["empty ones all over", joined(empty, empty, gzipSync(first), empty, gzipSync(second), empty, empty)],
    ["one of 1 byte", joined(gzipSync(plain.subarray(0, 1)), gzipSync(plain.subarray(1)))],
    ["zeros behind", joined(gzipSync(plain), zeros)],
    ["a single zero behind", joined(gzipSync(plain), Uint8Array.of(0))],
    ["zeros behind an empty member", joined(gzipSync(plain), empty, zeros)],
    ["a header with every field", joined(decorated(first), decorated(second))],
    ["stored blocks", joined(gzipSync(first, { level: 0 }), gzipSync(second, { level: 0 }))],
  ])("reads as node does: %s", (_, bytes) => {
    expect(new Uint8Array(nodeGunzip(bytes))).toEqual(plain);
    expect(decodeIdx(bytes, labels)).toEqual(decodeIdx(plain, labels));
  });

  it("reads members of many megabytes", () => {
    const large = idx(
      [2, 3, 2 ** 20],
      Array.from({ length: 6 * 2 ** 20 }, (_, i) => (i * i) % 253),
    );
    const cut = 5 * 2 ** 20 + 17;
    const bytes = joined(gzipSync(large.subarray(0, cut)), gzipSync(large.subarray(cut)));
    const { values } = decodeIdx(bytes, idx([2], [0, 1]));
    expect(Buffer.compare(values as Uint8Array, large.subarray(-values.length))).toBe(0);
  });

  const member = gzipSync(plain);
  const damaged = (at: number): Uint8Array => {
    const bytes = joined(gzipSync(first), gzipSync(second));
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    return bytes;
  };
  const firstLength = gzipSync(first).length;
  it.each<[string, Uint8Array, string]>([
    ["something else behind", joined(member, new TextEncoder().encode("garbage")), "7 bytes that are no gzip member"],
    ["something else behind zeros", joined(member, zeros, Uint8Array.of(1)), "701 bytes that are no gzip member"],
    ["half a header behind", joined(member, Uint8Array.of(0x1f, 0x8b)), "end within a member"],
    ["a last member cut off", joined(gzipSync(first), gzipSync(second).subarray(0, -1)), "end within a member"],
    ["another CRC-32 of the first member", damaged(firstLength - 8), "CRC-32"],
    ["another length of the first member", damaged(firstLength - 4), "another length than stated"],
    ["another CRC-32 of the last member", damaged(-8), "CRC-32"],
    ["another CRC-16 of a header", decorated(plain, false), "header crc mismatch"],
    ["a flag that nobody knows", member.map((byte, i) => (i === 3 ? 0xe0 : byte)), "unknown header flags"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeIdx(bytes, labels)).toThrow(message);
    expect(() => decodeIdx(bytes, labels)).toThrow(
      /^decodeIdx: images: expected whole gzip data, got .*truncated or corrupt$/,
    );
  });
});
