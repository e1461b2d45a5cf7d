import { sliceRange } from "@neft/tensor";
import { describe, expect, it } from "vitest";
import { reshapeTarget, windowOf } from "../src/dimensions.js";
import { checkedSize, type HostArray, int64Array, toNumbers, toPositions } from "../src/host-array.js";
import {
  castElements,
  concatElements,
  gatherElements,
  integerArithmetic,
  sliceElements,
  transposeElements,
} from "../src/integers.js";

const int32 = (values: number[], shape = [values.length]): HostArray => ({
  dtype: "i32",
  shape,
  data: Int32Array.from(values),
});

describe("integer arithmetic", () => {
  it("wraps at 64 and 32 bits and truncates quotients", () => {
    const most = { dtype: "i64", shape: [1], data: BigInt64Array.of(2n ** 63n - 1n) } as const;
    expect(integerArithmetic("add", most, int64Array([1])).data[0]).toBe(-(2n ** 63n));
    expect(integerArithmetic("mul", int32([2 ** 30]), int32([6])).data[0]).toBe(-(2 ** 31));
    expect([...integerArithmetic("div", int64Array([7, -7]), int64Array([2])).data]).toEqual([3n, -3n]);
    expect([...integerArithmetic("div", int32([7, -7]), int32([2])).data]).toEqual([3, -3]);
  });

  it("broadcasts", () => {
    const sum = integerArithmetic("sub", int32([1, 2], [2, 1]), int32([10, 20, 30]));
    expect(sum.shape).toEqual([2, 3]);
    expect([...sum.data]).toEqual([-9, -19, -29, -8, -18, -28]);
  });

  it("refuses division by 0, mixed dtypes and bool", () => {
    expect(() => integerArithmetic("div", int32([1]), int32([0]))).toThrow("expected divisors other than 0, got 0");
    expect(() => integerArithmetic("add", int32([1]), int64Array([1]))).toThrow(
      "expected operands of one dtype, got i32 and i64",
    );
    const bool = castElements(int32([1]), "bool");
    expect(() => integerArithmetic("add", bool, bool)).toThrow("expected operands that are numbers, got bool");
  });
});

describe("host arrays", () => {
  it("never round an int64", () => {
    const large = { dtype: "i64", shape: [1], data: BigInt64Array.of(2n ** 53n + 1n) } as const;
    expect(() => toNumbers(large)).toThrow("expected an integer below 2^53, got 9007199254740993");
    expect(toPositions(large)).toEqual([Number.MAX_SAFE_INTEGER]);
  });

  it("cast between all dtypes", () => {
    const values = { dtype: "f32", shape: [4], data: Float32Array.of(1.9, -1.9, 0, Number.NaN) } as const;
    expect([...castElements(values, "i64").data]).toEqual([1n, -1n, 0n, -(2n ** 63n)]);
    expect([...castElements(values, "bool").data]).toEqual([1, 1, 0, 1]);
    expect([...castElements(int64Array([2 ** 32 + 5]), "i32").data]).toEqual([5]);
    expect([...castElements(int64Array([3]), "f32").data]).toEqual([3]);
  });

  it("cast numbers beyond the integer type as onnxruntime does on x86", () => {
    const values = {
      dtype: "f32",
      shape: [5],
      data: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -1e20, 3e9, 300.7),
    } as const;
    expect([...castElements(values, "i64").data]).toEqual([
      -(2n ** 63n),
      -(2n ** 63n),
      -(2n ** 63n),
      3000000000n,
      300n,
    ]);
    const least = -(2 ** 31);
    expect([...castElements(values, "i32").data]).toEqual([least, least, least, least, 300]);
    expect([...castElements(values, "u8").data]).toEqual([0, 0, 0, 0, 44]);
    expect([...castElements(values, "i8").data]).toEqual([0, 0, 0, 0, 44]);
  });

  it("cast int64 to f32 with one rounding", () => {
    // The first and the last are just above the midpoint of two f32 numbers; rounding to f64 first would lose that.
    const data = BigInt64Array.of(
      2n ** 54n + 2n ** 30n + 1n,
      2n ** 54n + 2n ** 30n,
      2n ** 63n - 1n,
      -(2n ** 54n + 2n ** 30n + 1n),
    );
    const cast = castElements({ dtype: "i64", shape: [4], data }, "f32").data;
    expect([...cast]).toEqual([2 ** 54 + 2 ** 31, 2 ** 54, 2 ** 63, -(2 ** 54 + 2 ** 31)]);
  });

  it("transpose, slice, concatenate and gather", () => {
    const matrix = int32([1, 2, 3, 4, 5, 6], [2, 3]);
    expect([...transposeElements(matrix, [1, 0]).data]).toEqual([1, 4, 2, 5, 3, 6]);
    const reversed = sliceRange([2, 3], { starts: [-1, 1], ends: [-9, 9], axes: [0, 1], steps: [-1, 1] });
    expect([...sliceElements(matrix, reversed).data]).toEqual([5, 6, 2, 3]);
    expect([...concatElements([matrix, int32([7, 8], [2, 1])], 1).data]).toEqual([1, 2, 3, 7, 4, 5, 6, 8]);
    expect([...gatherElements(matrix, int64Array([-1, 0]), 1).data]).toEqual([3, 1, 6, 4]);
    expect(() => gatherElements(matrix, int64Array([3]), 1)).toThrow("indices: expected −3 to 2, got 3");
  });

  it("have bounded sizes", () => {
    expect(() => checkedSize([2 ** 20, 2 ** 20])).toThrow("shape: expected at most 268435456 elements");
    expect(() => checkedSize([-1])).toThrow("shape: expected sizes of 0 or more, got [-1]");
    const row = int32(new Array<number>(4096).fill(0), [1, 4096]);
    expect(() => integerArithmetic("add", row, { ...row, shape: [4096, 1] })).not.toThrow();
    expect(() =>
      integerArithmetic("add", { ...row, shape: [1, 4096] }, int32(new Array<number>(8192).fill(0), [8192, 1])),
    ).toThrow("expected at most 16777216 elements");
  });
});

describe("reshapeTarget", () => {
  it.each([
    [[2, 3, 4], [0, -1], false, [2, 12]],
    [[2, 3, 4], [-1], false, [24]],
    [[0, 3], [3, 0], true, [3, 0]],
    [[], [1, 1], false, [1, 1]],
  ])("%j as %j", (shape, target, allowZero, result) => expect(reshapeTarget(shape, target, allowZero)).toEqual(result));

  it.each([
    [[6], [4], "expected a new shape of 6 elements, got [6] to [4]"],
    [[6], [-1, -1], "expected at most one −1"],
    [[6], [-2, 3], "expected sizes of −1 or more"],
    [[6], [6, 0], "expected 0 only where the input has an axis"],
    [[6], [-1, 4], "expected a new shape of 6 elements"],
  ])("refuses %j as %j", (shape, target, message) =>
    expect(() => reshapeTarget(shape, target, false)).toThrow(message),
  );
});

describe("windowOf", () => {
  it("drops a last window that would start in the padding", () => {
    const window = windowOf({ ceil_mode: true, strides: [2], pads: [1, 1] }, [1, 2], [2]);
    expect(window.output).toEqual([2]);
    expect(windowOf({ ceil_mode: true, strides: [2] }, [1, 4], [3]).output).toEqual([2]);
  });

  it("refuses a window larger than its input", () => {
    expect(() => windowOf({}, [1, 2], [3])).toThrow(
      "expected a padded input at least as large as the window of 3, got size 2",
    );
    expect(() => windowOf({ strides: [0] }, [1, 2], [1])).toThrow("strides: expected 1 whole numbers ≥ 1, got [0]");
  });
});
