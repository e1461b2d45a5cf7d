import { init } from "@neft/kernels";
import {
  add,
  assign,
  concat,
  type DType,
  expand,
  gather,
  pad,
  parameter,
  relu,
  reshape,
  scope,
  slice,
  tensor,
  transpose,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

test("64-bit integers are never converted to numbers", () => {
  const large = 2n ** 62n + 1n;
  const x = tensor([large, -large], [2], "i64");
  expect([...(x.toArray() as BigInt64Array)]).toEqual([large, -large]);
  expect([...(reshape(x, [2, 1]).values() as BigInt64Array)]).toEqual([large, -large]);
  expect(() => x.numbers()).toThrow(`numbers: expected a 64-bit integer that fits a number exactly, got ${large}`);
  expect(() => reshape(tensor([large], [1], "i64"), []).item()).toThrow(
    "item: expected a 64-bit integer that fits a number exactly",
  );
  expect(() => tensor([2 ** 60], [1], "i64")).toThrow("tensor: expected whole numbers below 2^53 for i64");
  expect(() => tensor([2n ** 63n], [1], "i64")).toThrow("expected 64-bit integers");
  expect(() => tensor([1n], [1], "f32")).toThrow("tensor: expected numbers for f32, got big integers");
});

test("values that don't fit their type are errors", () => {
  const cases: [number, DType][] = [
    [300, "u8"],
    [-1, "u8"],
    [128, "i8"],
    [0.5, "i32"],
    [2 ** 31, "i32"],
    [2, "bool"],
    [Number.NaN, "i8"],
  ];
  for (const [value, dtype] of cases)
    expect(() => tensor([value], [1], dtype), `${value} ${dtype}`).toThrow(/tensor: expected whole numbers from/);
  expect(() => tensor([0.5], [1], "i64")).toThrow("expected whole numbers");
});

test("very many tensors are joined in linear time", () => {
  const one = tensor([1], [1]);
  const time = (count: number): number => {
    const tensors = new Array(count).fill(one);
    const start = performance.now();
    expect(concat(tensors, { axis: 0 }).size).toBe(count);
    return performance.now() - start;
  };
  const least = (count: number): number => Math.min(time(count), time(count), time(count));
  // Ten times as many take ten times as long, or a hundred times in quadratic time.
  expect(least(30_000) / least(3000)).toBeLessThan(40);
});
