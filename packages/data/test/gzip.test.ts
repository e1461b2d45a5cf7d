import { readFileSync } from "node:fs";
import { decodeIdx } from "@neft/data";
import { gzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { joinBytes, sameBytes } from "../../tensor/test/bytes.js";
import { idx } from "./formats.js";
import { decorated, first, labels, plain, readable, second, zeros } from "./gzip-files.js";

const golden = (name: string) => new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url)));

describe("gzip", () => {
  it("reads what gzip itself made of several members", () => {
    const data = decodeIdx(golden("members.gz"), golden("labels.idx"));
    expect(data).toEqual(decodeIdx(golden("images.idx"), golden("labels.idx")));
  });

  it.each(readable)("reads %s", (_, bytes) => {
    expect(decodeIdx(bytes, labels)).toEqual(decodeIdx(plain, labels));
  });

  it("reads members of many megabytes", () => {
    const large = idx(
      [2, 3, 2 ** 20],
      Array.from({ length: 6 * 2 ** 20 }, (_, i) => (i * i) % 253),
    );
    const cut = 5 * 2 ** 20 + 17;
    const bytes = joinBytes(gzipSync(large.subarray(0, cut)), gzipSync(large.subarray(cut)));
    const { values } = decodeIdx(bytes, idx([2], [0, 1]));
    expect(sameBytes(values as Uint8Array, large.subarray(-values.length))).toBe(true);
  });

  const member = gzipSync(plain);
  const damaged = (at: number): Uint8Array => {
    const bytes = joinBytes(gzipSync(first), gzipSync(second));
    bytes[at < 0 ? bytes.length + at : at]! ^= 1;
    return bytes;
  };
  const firstLength = gzipSync(first).length;
  it.each<[string, Uint8Array, string]>([
    [
      "something else behind",
      joinBytes(member, new TextEncoder().encode("garbage")),
      "7 bytes that are no gzip member",
    ],
    ["something else behind zeros", joinBytes(member, zeros, Uint8Array.of(1)), "701 bytes that are no gzip member"],
    ["half a header behind", joinBytes(member, Uint8Array.of(0x1f, 0x8b)), "an end within a member"],
    ["a last member cut off", joinBytes(gzipSync(first), gzipSync(second).subarray(0, -1)), "an end within a member"],
    ["another CRC-32 of the first member", damaged(firstLength - 8), "CRC-32"],
    ["another length of the first member", damaged(firstLength - 4), "another length than stated"],
    ["another CRC-32 of the last member", damaged(-8), "CRC-32"],
    ["another CRC-16 of a header", decorated(plain, false), "a header whose CRC-16 differs"],
    ["a flag that nobody knows", member.map((byte, i) => (i === 3 ? 0xe0 : byte)), "a header with unknown flags"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeIdx(bytes, labels)).toThrow(message);
    expect(() => decodeIdx(bytes, labels)).toThrow(
      /^decodeIdx: images: expected whole gzip data, got .*truncated or corrupt$/,
    );
  });
});
