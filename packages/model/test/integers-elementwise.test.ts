import type { HostArray } from "@neft/model";
import { describe, expect, it } from "vitest";
import { cumulateIntegers, extremeIntegers, remainderIntegers, unaryIntegers } from "../src/integers-elementwise.js";

const i8 = (...values: number[]): HostArray => ({ dtype: "i8", shape: [values.length], data: Int8Array.from(values) });
const i32 = (...values: number[]): HostArray => ({
  dtype: "i32",
  shape: [values.length],
  data: Int32Array.from(values),
});
const i64 = (...values: bigint[]): HostArray => ({
  dtype: "i64",
  shape: [values.length],
  data: BigInt64Array.from(values),
});
const listOf = ({ data }: HostArray) => Array.from(data as ArrayLike<number | bigint>);

const least = -(2n ** 63n);

describe("elementwise functions of integers", () => {
  it("wrap at the width of their dtype", () => {
    expect(listOf(unaryIntegers("abs", i8(-128, -5, 5)))).toEqual([-128, 5, 5]);
    expect(listOf(unaryIntegers("neg", i64(least, 3n, 0n)))).toEqual([least, -3n, 0n]);
    expect(listOf(unaryIntegers("neg", i32(-(2 ** 31), 3)))).toEqual([-(2 ** 31), -3]);
    expect(listOf(unaryIntegers("sign", i64(-9n, 0n, 4n)))).toEqual([-1n, 0n, 1n]);
    expect(listOf(unaryIntegers("sign", i8(-9, 0, 4)))).toEqual([-1, 0, 1]);
  });

  it("compare 64-bit integers exactly", () => {
    const [a, b] = [i64(2n ** 60n, -(2n ** 60n)), i64(2n ** 60n + 1n, -(2n ** 60n) - 1n)];
    expect(listOf(extremeIntegers("max", a, b))).toEqual([2n ** 60n + 1n, -(2n ** 60n)]);
    expect(listOf(extremeIntegers("min", a, b))).toEqual([2n ** 60n, -(2n ** 60n) - 1n]);
  });

  it("give remainders with the sign of the divisor or of the dividend, and refuse 0", () => {
    const [a, b] = [i32(7, -7, 7, -7, 6), i32(3, 3, -3, -3, -3)];
    expect(listOf(remainderIntegers("mod", a, b))).toEqual([1, 2, -2, -1, 0]);
    expect(listOf(remainderIntegers("fmod", a, b)).map((n) => Number(n) + 0)).toEqual([1, -1, 1, -1, 0]);
    expect(() => remainderIntegers("mod", i64(1n), i64(0n))).toThrow(/expected divisors other than 0, got 0/);
    expect(() => remainderIntegers("mod", i64(1n), i32(1))).toThrow(/expected operands of one dtype, got i64 and i32/);
  });

  it("accumulate along an axis, in both directions, with the low bits", () => {
    const x = { ...i32(1, 2, 3, 4, 5, 6), shape: [2, 3] };
    const along = (axis: number, exclusive: boolean, reverse: boolean) =>
      listOf(cumulateIntegers("add", x, { axis, exclusive, reverse }));
    expect(along(0, false, false)).toEqual([1, 2, 3, 5, 7, 9]);
    expect(along(1, false, true)).toEqual([6, 5, 3, 15, 11, 6]);
    expect(along(1, true, false)).toEqual([0, 1, 3, 0, 4, 9]);
    const products = (values: HostArray) =>
      listOf(cumulateIntegers("mul", values, { axis: 0, exclusive: false, reverse: false }));
    expect(products(i32(65536, 65537, 3))).toEqual([65536, 65536, 196608]);
    expect(products(i64(2n ** 40n, 2n ** 23n, 2n))).toEqual([2n ** 40n, least, 0n]);
    expect(products(i8(100, 3))).toEqual([100, 44]);
    expect(products(i8())).toEqual([]);
  });
});
