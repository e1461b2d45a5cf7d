import { init } from "@neft/kernels";
import {
  add,
  assign,
  cast,
  concat,
  type DType,
  div,
  expand,
  gather,
  mul,
  pad,
  parameter,
  relu,
  reshape,
  scope,
  slice,
  sub,
  tensor,
  transpose,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

test("64-bit integers never go through numbers", () => {
  const large = 2n ** 62n + 1n;
  const x = tensor([large, -large], [2], "i64");
  expect([...(x.toArray() as BigInt64Array)]).toEqual([large, -large]);
  expect([...(reshape(x, [2, 1]).values() as BigInt64Array)]).toEqual([large, -large]);
  expect(() => x.numbers()).toThrow(`numbers: expected a 64-bit integer that fits a number exactly, got ${large}`);
  expect(() => gather(x, [0]).item()).toThrow("item: expected a 64-bit integer that fits a number exactly");
  expect(() => tensor([2 ** 60], [1], "i64")).toThrow("tensor: expected whole numbers below 2^53 for i64");
  expect(() => tensor([2n ** 63n], [1], "i64")).toThrow("expected 64-bit integers");
  expect(() => tensor([1n], [1], "f32")).toThrow("tensor: expected numbers for f32, got big integers");
  expect([...(add(x, x).values() as BigInt64Array)]).toEqual([
    BigInt.asIntN(64, 2n * large),
    BigInt.asIntN(64, -2n * large),
  ]);
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
  const start = performance.now();
  expect(concat(new Array(30_000).fill(one), { axis: 0 }).size).toBe(30_000);
  expect(concat(new Array(30_000).fill(tensor([1], [1], "i64")), { axis: 0 }).size).toBe(30_000);
  expect(performance.now() - start).toBeLessThan(3000);
});

test("layouts of every type", () => {
  for (const dtype of ["f32", "f64", "i64", "i32", "u8", "i8"] as const) {
    const x = tensor([1, 2, 3, 4, 5, 6], [2, 3], dtype);
    const check = (y: typeof x, shape: number[], values: number[]) => {
      expect([y.dtype, [...y.shape], y.numbers()]).toEqual([dtype, shape, values]);
    };
    check(transpose(x), [3, 2], [1, 4, 2, 5, 3, 6]);
    check(slice(x, { starts: [-1, 2], ends: [-99, -99], steps: [-1, -2] }), [2, 2], [6, 4, 3, 1]);
    check(slice(x, { starts: [1], ends: [99], axes: [1] }), [2, 2], [2, 3, 5, 6]);
    check(slice(x, { starts: [2], ends: [1], axes: [1] }), [2, 0], []);
    check(concat([x, x], { axis: -1 }), [2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
    check(gather(x, tensor([-1, 0], [1, 2], "i64"), { axis: 1 }), [2, 1, 2], [3, 1, 6, 4]);
    check(gather(x, [1]), [1, 3], [4, 5, 6]);
    check(pad(x, { pads: [0, 1, 1, -1], value: 9 }), [3, 3], [9, 1, 2, 9, 4, 5, 9, 9, 9]);
    check(expand(reshape(x, [2, 1, 3]), [2, 1]), [2, 2, 3], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
    check(add(x, gather(x, [0])), [2, 3], [2, 4, 6, 5, 7, 9]);
    check(mul(x, sub(x, x)), [2, 3], [0, 0, 0, 0, 0, 0]);
    check(zeros([2], dtype), [2], [0, 0]);
  }
});

test("integers divide toward zero", () => {
  for (const dtype of ["i64", "i32"] as const) {
    expect(div(tensor([7, -7, 7], [3], dtype), tensor([2, 2, -2], [3], dtype)).numbers()).toEqual([3, -3, -3]);
    expect(() => div(tensor([1], [1], dtype), tensor([0], [1], dtype))).toThrow(
      `div: expected ${dtype} divisors other than 0, got 0`,
    );
  }
  expect(mul(tensor([2 ** 30], [1], "i32"), tensor([4], [1], "i32")).item()).toBe(0);
});

test("casts", () => {
  const to = (data: number[], from: DType, dtype: DType) => cast(tensor(data, [data.length], from), dtype).numbers();
  expect(to([1.9, -1.9, 0.5], "f32", "i64")).toEqual([1, -1, 0]);
  expect(to([300, -1], "i32", "u8")).toEqual([44, 255]);
  expect(to([200], "u8", "i8")).toEqual([-56]);
  expect(to([0, 0.25, -3], "f64", "bool")).toEqual([0, 1, 1]);
  expect(to([16777217], "i64", "f32")).toEqual([16777216]);
  expect(to([1, 2], "i64", "i64")).toEqual([1, 2]);
  expect(to([], "f32", "i32")).toEqual([]);
  expect(() => to([Number.NaN], "f32", "i32")).toThrow("cast: expected numbers within i32, got NaN");
  scope(() => expect(() => cast(parameter([1], [1]), "f32")).toThrow("cast: expected a constant"));
});

test("types don't mix, and what needs f32 says so", () => {
  const [x, n] = [tensor([1], [1]), tensor([1], [1], "i64")];
  expect(() => add(x, n)).toThrow("add: expected inputs of one type, got f32 and i64; cast one of them");
  expect(() => relu(n)).toThrow("relu: expected f32 inputs, got i64 [1]");
  expect(() => n.ptr).toThrow("ptr: expected an f32 tensor, got i64 [1]");
  expect(() => gather(x, x)).toThrow("gather: expected i64 or i32 indices, got f32");
  expect(() => gather(x, [1])).toThrow("gather: expected indices from -1 to 0, got 1");
});

test("assign overwrites parameters and constants, not results", () => {
  scope(() => {
    const [w, n] = [parameter([1, 2], [2]), tensor([1n], [1], "i64")];
    assign(w, [3, 4]);
    assign(n, [2n ** 60n]);
    expect([...w.floats()]).toEqual([3, 4]);
    expect(n.values()[0]).toBe(2n ** 60n);
    expect(() => assign(add(w, w), [1, 2])).toThrow(
      "assign: expected a parameter or a constant, got an operation's result",
    );
    expect(() => assign(w, [1])).toThrow("assign: expected 2 values for [2], got 1");
    w.dispose();
  });
});

test("constructors check lengths and shapes", () => {
  expect(() => tensor([1, 2], [3])).toThrow("tensor: expected 3 values for shape [3], got 2");
  expect(() => zeros([-1])).toThrow("zeros: expected a shape of whole numbers from 0 on, got [-1]");
  expect(() => parameter([1], [0.5])).toThrow("parameter: expected a shape of whole numbers");
  expect(tensor([], [0, 3]).floats().length).toBe(0);
  expect(tensor([5], []).item()).toBe(5);
});
