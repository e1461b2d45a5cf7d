import { describe, expect, it } from "vitest";
import { bfloat16ToNumber, float16ToNumber, numberToBfloat16, numberToFloat16 } from "../src/float16.js";

describe("half precision", () => {
  it("survives a round trip for every bit pattern that is a number", () => {
    const lost: number[] = [];
    for (let bits = 0; bits < 0x10000; bits++) {
      const half = float16ToNumber(bits);
      const brain = bfloat16ToNumber(bits);
      if (!Number.isNaN(half) && numberToFloat16(half) !== bits) lost.push(bits);
      if (!Number.isNaN(brain) && numberToBfloat16(brain) !== bits) lost.push(bits);
    }
    expect(lost).toEqual([]);
  });

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [2 ** -24, 0x0001],
    [2 ** -25, 0x0000],
    [1.5 * 2 ** -24, 0x0002],
    [1 + 2 ** -11, 0x3c00],
    [1 + 3 * 2 ** -11, 0x3c02],
    [2047.5 / 1024, 0x4000],
    [Number.NEGATIVE_INFINITY, 0xfc00],
    [Number.NaN, 0x7e00],
  ])("rounds %f to half %i", (value, bits) => expect(numberToFloat16(value)).toBe(bits));

  it.each([
    [1, 0x3f80],
    [1 + 2 ** -8, 0x3f80],
    [1 + 3 * 2 ** -8, 0x3f82],
    [-0, 0x8000],
    [3.4028234e38, 0x7f80],
  ])("rounds %f to bfloat16 %i", (value, bits) => expect(numberToBfloat16(value)).toBe(bits));
});
