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

test("slices, gathers and pads", () => {
  const x = tensor([1, 2, 3, 4, 5, 6], [2, 3]);
  const check = (y: typeof x, shape: number[], values: number[]) => {
    expect([[...y.shape], y.numbers()]).toEqual([shape, values]);
  };
  check(transpose(x), [3, 2], [1, 4, 2, 5, 3, 6]);
  check(slice(x, { starts: [-1, 2], ends: [-99, -99], steps: [-1, -2] }), [2, 2], [6, 4, 3, 1]);
  check(slice(x, { starts: [1], ends: [99], axes: [1] }), [2, 2], [2, 3, 5, 6]);
  check(slice(x, { starts: [2], ends: [1], axes: [1] }), [2, 0], []);
  // ONNX clamps a start before the axis to its first position, whatever the step.
  check(slice(x, { starts: [-99], ends: [-99], axes: [1], steps: [-1] }), [2, 1], [1, 4]);
  check(concat([x, x], { axis: -1 }), [2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
  check(gather(x, tensor([-1, 0], [1, 2], "i64"), { axis: 1 }), [2, 1, 2], [3, 1, 6, 4]);
  check(gather(x, [1]), [1, 3], [4, 5, 6]);
  check(pad(x, { pads: [0, 1, 1, -1], value: 9 }), [3, 3], [9, 1, 2, 9, 4, 5, 9, 9, 9]);
  check(expand(reshape(x, [2, 1, 3]), [2, 1]), [2, 2, 3], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]);
});

test("operations take f32 only, views any type", () => {
  for (const dtype of ["f32", "i64", "i32", "u8", "i8", "bool"] as const) {
    const x = tensor([0, 1], [2], dtype);
    expect([reshape(x, [2, 1]).dtype, reshape(x, [1, 2]).numbers()]).toEqual([dtype, [0, 1]]);
    expect([zeros([2], dtype).dtype, zeros([2], dtype).numbers()]).toEqual([dtype, [0, 0]]);
  }

  const [x, n] = [tensor([1], [1]), tensor([1], [1], "i64")];
  expect(() => add(x, n)).toThrow("add: expected f32 inputs, got i64 [1] as input 1");
  expect(() => relu(n)).toThrow("relu: expected f32 inputs, got i64 [1] as input 0");
  expect(() => n.ptr).toThrow("ptr: expected an f32 tensor, got i64 [1]");
  expect(() => gather(x, x)).toThrow("gather: expected i64 or i32 indices, got f32");
  expect(() => gather(x, [1])).toThrow("gather: expected indices from -1 to 0, got 1");
});

test("assign overwrites parameters and constants, but not results of operations", () => {
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
  expect(() => zeros([-1])).toThrow("zeros: expected a shape of whole numbers ≥ 0, got [-1]");
  expect(() => parameter([1], [0.5])).toThrow("parameter: expected a shape of whole numbers");
  expect(tensor([], [0, 3]).floats().length).toBe(0);
  expect(tensor([5], []).item()).toBe(5);
});
