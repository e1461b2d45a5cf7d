import { constants, deflateRawSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { inflate } from "../src/deflate.js";

const text = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => "banana split "[(i * i) % 13]!.charCodeAt(0));
const mixed = (length: number): Uint8Array => {
  let word = 1;
  return Uint8Array.from({ length }, (_, i) => {
    word = (Math.imul(word, 1103515245) + 12345) >>> 0;
    return i % 600 < 300 ? word >>> 24 : word >>> 29;
  });
};
/** Bytes with Fibonacci frequencies: their codes have up to 15 bits, more than the table finds at once. */
const skewed = (): Uint8Array => {
  const counts = [1, 1];
  while (counts.length < 22) counts.push(counts.at(-1)! + counts.at(-2)!);
  return Uint8Array.from(counts.flatMap((count, byte) => Array.from({ length: count }, () => byte)));
};
const plains: Readonly<Record<string, Uint8Array>> = {
  "no bytes": new Uint8Array(0),
  "one byte": Uint8Array.of(7),
  text: text(5000),
  "bytes without pattern": mixed(200_000),
  "one byte repeated": new Uint8Array(300_000).fill(9),
  "bytes of very different frequencies": skewed(),
};
const settings = {
  "its own codes": {},
  "fixed codes": { strategy: constants.Z_FIXED },
  "no repetitions": { strategy: constants.Z_HUFFMAN_ONLY },
  "no compression": { level: 0 },
};
const cases = Object.entries(plains).flatMap(([name, plain]) =>
  Object.entries(settings).map(
    ([how, options]) => [name, how, plain, new Uint8Array(deflateRawSync(plain, options))] as const,
  ),
);

describe("inflate", () => {
  it.each(cases)("reads what zlib wrote: %s with %s", (_, __, plain, packed) => {
    const framed = Uint8Array.from([1, 2, 3, ...packed, 4, 5]);
    for (const room of [0, plain.length]) {
      const { output, end } = inflate(framed, 3, room, plain.length);
      expect(Buffer.compare(output, plain)).toBe(0);
      expect(end).toBe(3 + packed.length);
    }
  });

  it.each(cases.filter(([, , plain]) => plain.length > 1))(
    "stops at the most bytes: %s with %s",
    (_, __, plain, packed) => {
      const most = Math.floor(plain.length / 2);
      const { output, end } = inflate(packed, 0, plain.length, most);
      expect(Buffer.compare(output, plain.subarray(0, most))).toBe(0);
      expect(end).toBeUndefined();
    },
  );

  it.each(cases)("refuses each cut: %s with %s", (_, __, plain, packed) => {
    const step = Math.max(1, Math.floor(packed.length / 50));
    for (let length = 0; length < packed.length; length += step)
      expect(() => inflate(packed.subarray(0, length), 0, plain.length, plain.length + 1)).toThrow(
        "an end within a member",
      );
  });

  /** Bits of a block, in the order of the data; the lowest bit of a number first. */
  const bits = (...fields: readonly (readonly [value: number, count: number])[]): Uint8Array => {
    const all = fields.flatMap(([value, count]) => Array.from({ length: count }, (_, i) => (value >> i) & 1));
    return Uint8Array.from({ length: Math.ceil(all.length / 8) + 8 }, (_, byte) =>
      all.slice(8 * byte, 8 * byte + 8).reduce((sum, bit, i) => sum | (bit << i), 0),
    );
  };
  const own = (lengths: number, distances: number, ...codes: readonly (readonly [number, number])[]): Uint8Array =>
    bits([1, 1], [2, 2], [lengths, 5], [distances, 5], [15, 4], ...codes);
  it.each<[string, Uint8Array, string]>([
    ["an unknown kind of block", bits([1, 1], [3, 2]), "a block of no known kind"],
    [
      "a stored block whose length is wrong",
      bits([1, 1], [0, 7], [5, 16], [5, 16]),
      "a stored block with a wrong length",
    ],
    ["too many codes", own(31, 0), "too many codes in a block"],
    [
      "more codes than bits allow",
      own(0, 0, ...Array.from({ length: 19 }, () => [1, 3] as const)),
      "a wrong set of codes",
    ],
    ["too few codes", own(0, 0, [7, 3]), "a wrong set of codes"],
    // The code of 16 is 0, that of 17 is 1.
    [
      "a repetition of nothing",
      own(0, 0, [1, 3], [1, 3], ...Array.from({ length: 17 }, () => [0, 3] as const)),
      "out of place",
    ],
    // In fixed codes: 0000001 is the length 3, 00000 the distance 1, 11000110 the length symbol 286.
    [
      "a distance beyond the begin",
      bits([1, 1], [1, 2], [0b1000000, 7], [0, 5]),
      "a distance beyond the begin of the data",
    ],
    ["a length that no code has", bits([1, 1], [1, 2], [0b01100011, 8]), "a length that no code has"],
    [
      "a distance that no code has",
      bits([1, 1], [1, 2], [0b00001100, 8], [0b1000000, 7], [0b01111, 5]),
      "a distance that no code has",
    ],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => inflate(bytes, 0, 0, 100)).toThrow(message);
  });
});
