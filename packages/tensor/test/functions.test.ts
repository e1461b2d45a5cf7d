import { init } from "@neft/kernels";
import {
  argMax,
  argMin,
  backward,
  cumProd,
  cumSum,
  equal,
  fmod,
  gelu,
  greater,
  greaterOrEqual,
  isInf,
  isNaN as isNaNTensor,
  less,
  lessOrEqual,
  maximum,
  minimum,
  mod,
  parameter,
  pow,
  prelu,
  reduceL1,
  reduceL2,
  reduceLogSum,
  reduceLogSumExp,
  reduceMax,
  reduceMin,
  reduceProd,
  reduceSum,
  reduceSumSquare,
  round,
  scope,
  selu,
  sin,
  softplus,
  type Tensor,
  tensor,
  where,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

const [inf, nan] = [Number.POSITIVE_INFINITY, Number.NaN];

/** Gradients of the sum of f's result by its inputs, with 0 for −0. */
function gradients(f: (...xs: Tensor[]) => Tensor, ...values: number[][]): number[][] {
  return scope(() => {
    const inputs = values.map((v) => parameter(v, [v.length]));
    const result = backward(reduceSum(f(...inputs)), inputs).map((gradient) => gradient.numbers().map((v) => v + 0));
    for (const input of inputs) input.dispose();
    return result;
  });
}

test("elementary functions at known values", () => {
  const x = tensor([0, 1, -1, 1e10, 3e38], [5]);
  const want = [0, 1, -1, 1e10, 3e38].map((v) => Math.fround(Math.sin(Math.fround(v))));
  for (const [i, y] of sin(x).numbers().entries()) expect(y).toBeCloseTo(want[i]!, 6);
  expect(round(tensor([0.5, 1.5, -0.5, 2.6], [4])).numbers()).toEqual([0, 2, -0, 3]);
  expect(softplus(tensor([-inf, 0, 100, inf], [4])).numbers()).toEqual([0, Math.fround(Math.LN2), 100, inf]);
  expect(gelu(tensor([-inf, 0, inf], [3])).numbers()).toEqual([0, 0, inf]);
  expect(selu(tensor([1, -inf], [2]), {}).numbers()).toEqual([
    Math.fround(1.0507010221481323),
    Math.fround(-1.7580993),
  ]);
});

test("powers, extrema and remainders follow NumPy", () => {
  const [a, b] = [tensor([7.5, -7.5, 7.5, -7.5, 0, nan], [6]), tensor([2, 2, -2, -2, -1, 1], [6])];
  expect(fmod(a, b).numbers()).toEqual([1.5, -1.5, 1.5, -1.5, 0, nan]);
  expect(mod(a, b).numbers()).toEqual([1.5, 0.5, -0.5, -1.5, -0, nan]);
  expect(maximum(a, b).numbers()).toEqual([7.5, 2, 7.5, -2, 0, nan]);
  expect(minimum(a, b).numbers()).toEqual([2, -7.5, -2, -7.5, -1, nan]);
  expect(pow(a, tensor([2], [])).numbers()).toEqual([56.25, 56.25, 56.25, 56.25, 0, nan]);
  expect(pow(tensor([-8, -8, 0, nan], [4]), tensor([3, 0.5, -1, 0], [4])).numbers()).toEqual([-512, nan, inf, 1]);
  expect(prelu(tensor([-2, 0, 3], [3]), tensor([0.5], [1])).numbers()).toEqual([-1, 0, 3]);
});

test("gradients at ties, kinks and zeros", () => {
  expect(gradients((a, b) => maximum(a!, b!), [1, 2, 3], [2, 2, 2])).toEqual([
    [0, 1, 1],
    [1, 0, 0],
  ]);
  expect(gradients((a, b) => minimum(a!, b!), [1, 2, 3], [2, 2, 2])).toEqual([
    [1, 1, 0],
    [0, 0, 1],
  ]);
  expect(gradients((a, b) => fmod(a!, b!), [7, -7], [2, 2])).toEqual([
    [1, 1],
    [-3, 3],
  ]);
  expect(gradients((a, b) => mod(a!, b!), [7, -7], [2, 2])[1]).toEqual([-3, 4]);
  expect(gradients((a, b) => pow(a!, b!), [0, 0, 2], [0, 2, 0])).toEqual([
    [0, 0, 0],
    [0, 0, Math.fround(Math.LN2)],
  ]);
  expect(gradients((x) => reduceL2(x!), [0, 0])).toEqual([[0, 0]]);
  expect(gradients((x) => reduceProd(x!), [2, 0, 5])).toEqual([[0, 10, 0]]);
  expect(gradients((x) => reduceProd(x!), [0, 0, 5])).toEqual([[0, 0, 0]]);
  expect(gradients((x) => reduceMin(x!), [3, 1, 1])).toEqual([[0, 1, 0]]);
  expect(gradients((x) => reduceLogSumExp(x!), [0, 0])).toEqual([[0.5, 0.5]]);
});

test("reductions, of nothing too", () => {
  const x = tensor([1, -2, 3, -4], [2, 2]);
  const rows = { axes: [1] };
  expect(reduceMin(x, rows).numbers()).toEqual([-2, -4]);
  expect(reduceProd(x, rows).numbers()).toEqual([-2, -12]);
  expect(reduceL1(x, rows).numbers()).toEqual([3, 7]);
  expect(reduceL2(x, rows).numbers()).toEqual([Math.fround(Math.sqrt(5)), 5]);
  expect(reduceSumSquare(x, { axes: [0], keepDims: true }).shape).toEqual([1, 2]);
  expect(reduceLogSum(tensor([0.25, 0.75], [2])).item()).toBe(0);
  expect(reduceLogSumExp(tensor([1000, 1000], [2])).item()).toBeCloseTo(1000 + Math.LN2, 3);
  expect(reduceL2(x, { axes: [] }).numbers()).toEqual([1, 2, 3, 4]);
  const none = zeros([2, 0]);
  const ofNothing = [reduceSum, reduceMax, reduceMin, reduceProd, reduceL1, reduceL2, reduceLogSum, reduceLogSumExp];
  expect(ofNothing.map((f) => f(none, rows).numbers()[1])).toEqual([0, -inf, inf, 1, 0, 0, -inf, -inf]);
});

test("cumulative sums and products", () => {
  const x = tensor([1, 2, 3], [3]);
  const orders = [{}, { exclusive: true }, { reverse: true }, { exclusive: true, reverse: true }];
  expect(orders.map((order) => cumSum(x, { axis: 0, ...order }).numbers())).toEqual([
    [1, 3, 6],
    [0, 1, 3],
    [6, 5, 3],
    [5, 3, 0],
  ]);
  expect(orders.map((order) => cumProd(x, { axis: -1, ...order }).numbers())).toEqual([
    [1, 2, 6],
    [1, 1, 2],
    [6, 6, 3],
    [6, 3, 1],
  ]);
});

test("comparisons give bool tensors and broadcast", () => {
  const [a, b] = [tensor([1, 2, nan], [3]), tensor([2, 1], [2, 1])];
  const results = [equal, greater, greaterOrEqual, less, lessOrEqual].map((f) => f(a, b));
  for (const y of results) expect([y.dtype, ...y.shape]).toEqual(["bool", 2, 3]);
  expect(results.map((y) => y.numbers().join(""))).toEqual(["010100", "000010", "010110", "100000", "110100"]);
  expect(less(a, tensor([2, 2, 2], [3])).numbers()).toEqual([1, 0, 0]);
  expect(equal(zeros([0, 3]), a).shape).toEqual([0, 3]);
  const x = tensor([nan, inf, -inf, 0], [4]);
  expect(isNaNTensor(x).numbers()).toEqual([1, 0, 0, 0]);
  expect(isInf(x).numbers()).toEqual([0, 1, 1, 0]);
  expect(isInf(x, { detectNegative: false }).numbers()).toEqual([0, 1, 0, 0]);
  expect(() => equal(a, tensor([1], [1], "i64"))).toThrow("equal: expected f32 inputs, got i64 [1] as input 1");
});

test("where chooses and passes gradients to what it chose", () => {
  const condition = tensor([1, 0], [2, 1], "bool");
  expect(where(condition, tensor([1, 2], [2]), tensor([9], [])).numbers()).toEqual([1, 2, 9, 9]);
  expect(where(condition, tensor([-0, nan], [2]), zeros([])).numbers()).toEqual([-0, nan, 0, 0]);
  expect(gradients((a, b) => where(condition, a!, b!), [1, 2], [3])).toEqual([[1, 1], [2]]);
  expect(() => where(zeros([1]), zeros([1]), zeros([1]))).toThrow(
    "where: expected a bool tensor as condition, got f32",
  );
});

test("positions of extrema", () => {
  const x = tensor([1, 3, 3, 2, 2, 0], [2, 3]);
  expect([argMax(x).dtype, argMax(x).numbers()]).toEqual(["i64", [1, 0, 0]]);
  expect(argMax(x, { axis: 1 }).numbers()).toEqual([1, 0]);
  expect(argMax(x, { axis: -1, selectLast: true, keepDims: true }).numbers()).toEqual([2, 1]);
  expect(argMax(x, { axis: 1, keepDims: true }).shape).toEqual([2, 1]);
  expect(argMin(x, { axis: 1 }).numbers()).toEqual([0, 2]);
  const withNaN = tensor([1, nan, 5, nan], [4]);
  expect([argMax(withNaN), argMin(withNaN), argMax(withNaN, { selectLast: true })].map((y) => y.item())).toEqual([
    1, 1, 3,
  ]);
  expect(() => argMax(zeros([2, 0]), { axis: 1 })).toThrow("argMax: expected an axis of size 1 or more, got [2, 0]");
  expect(argMax(zeros([0, 2]), { axis: 1 }).shape).toEqual([0]);
});
