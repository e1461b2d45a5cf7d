import { init } from "@neft/kernels";
import {
  compress,
  eye,
  gatherElements,
  gatherElementsPositions,
  gatherND,
  gatherNDPositions,
  maxPoolPositions,
  negativeLogLikelihoodLoss,
  nonMaxSuppression,
  nonZero,
  oneHot,
  range,
  reverseSequence,
  scatterElements,
  scatterND,
  scatterValues,
  scope,
  type Tensor,
  takeValues,
  tensor,
  tile,
  tilePositions,
  topK,
  trilu,
  unique,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

const f32 = (values: number[], ...shape: number[]): Tensor => tensor(values, shape);
const i64 = (values: number[], ...shape: number[]): Tensor => tensor(values, shape, "i64");

/** Shapes and elements of results. */
const results = (make: () => Tensor | readonly Tensor[]): unknown =>
  scope(() => [make()].flat().map((t) => [[...t.shape], t.numbers()]));

test("gathers and scatters give ONNX's examples", () => {
  const data = () => f32([1, 2, 3, 4], 2, 2);
  expect(results(() => gatherElements(data(), i64([0, 0, 1, 0], 2, 2), { axis: 1 }))).toEqual([
    [
      [2, 2],
      [1, 1, 4, 3],
    ],
  ]);
  expect(results(() => gatherND(f32([0, 1, 2, 3, 4, 5, 6, 7], 2, 2, 2), i64([1, 0], 2, 1), { batchDims: 1 }))).toEqual([
    [
      [2, 2],
      [2, 3, 4, 5],
    ],
  ]);
  const wide = () => f32([1, 2, 3, 4, 5], 1, 5);
  const scatter = (reduction: "none" | "add" | "mul" | "min" | "max") =>
    results(() => scatterElements(wide(), i64([1, 1], 1, 2), f32([1.1, 2.1], 1, 2), { axis: 1, reduction }));
  const row = (...values: number[]) => [[[1, 5], [...Float32Array.from(values)]]];
  expect(scatter("none")).toEqual(row(1, 2.1, 3, 4, 5));
  expect(scatter("add")).toEqual(row(1, 5.2, 3, 4, 5));
  expect(scatter("mul")).toEqual(row(1, 4.62, 3, 4, 5));
  expect(scatter("max")).toEqual(row(1, 2.1, 3, 4, 5));
  expect(scatter("min")).toEqual(row(1, 1.1, 3, 4, 5));
  expect(results(() => scatterND(zeros([3, 2]), i64([2, -3], 2, 1), f32([1, 2, 3, 4], 2, 2)))).toEqual([
    [
      [3, 2],
      [3, 4, 0, 0, 1, 2],
    ],
  ]);
});

test("the index arithmetic moves integers, too", () => {
  const values = BigInt64Array.of(1n, 2n, 3n, 2n ** 60n);
  const positions = gatherElementsPositions("gather", [2, 2], BigInt64Array.of(1n, -1n), [1, 2], 0);
  expect(takeValues(values, positions)).toEqual(BigInt64Array.of(3n, 2n ** 60n));
  const tiled = tilePositions("tile", [2], [2]);
  expect(takeValues(Uint8Array.of(7, 9), tiled.positions)).toEqual(Uint8Array.of(7, 9, 7, 9));
  const target = BigInt64Array.of(5n, 5n);
  scatterValues(target, Int32Array.of(1, 1), BigInt64Array.of(2n ** 53n, 1n), "add");
  expect(target).toEqual(BigInt64Array.of(5n, 2n ** 53n + 6n));
  const found = maxPoolPositions("maxPool", Uint8Array.of(3, 9, 200, 4), [1, 1, 4], { kernel: [2], strides: [2] });
  expect([...found.positions]).toEqual([1, 2]);
});

test("selections give known answers", () => {
  const x = () => f32([0, 1, 1, 3, 3, 2], 2, 3);
  expect(results(() => Object.values(topK(x(), { k: 2 })))).toEqual([
    [
      [2, 2],
      [1, 1, 3, 3],
    ],
    [
      [2, 2],
      [1, 2, 0, 1],
    ],
  ]);
  expect(results(() => topK(f32([5, 1, 4], 3), { k: 2, sorted: false }).values)).toEqual([[[2], [5, 4]]]);
  expect(results(() => topK(f32([1, Number.NaN, 4], 3), { k: 1 }).indices)).toEqual([[[1], [1]]]);
  expect(results(() => nonZero(x()))).toEqual([
    [
      [2, 5],
      [0, 0, 1, 1, 1, 1, 2, 0, 1, 2],
    ],
  ]);
  expect(results(() => Object.values(unique(f32([2, 1, 1, 3, 4, 3], 6), { sorted: false })))).toEqual([
    [[4], [2, 1, 3, 4]],
    [[4], [0, 1, 3, 4]],
    [[6], [0, 1, 1, 2, 3, 2]],
    [[4], [1, 2, 2, 1]],
  ]);
  const slices = () => unique(f32([1, 0, 0, 1, 0, 0, 2, 3, 4], 3, 3), { axis: 0 });
  expect(results(() => slices().y)).toEqual([
    [
      [2, 3],
      [1, 0, 0, 2, 3, 4],
    ],
  ]);
  expect(results(() => oneHot(i64([1, -1, 9], 3), f32([2, 5], 2), { depth: 3 }))).toEqual([
    [
      [3, 3],
      [2, 5, 2, 2, 2, 5, 2, 2, 2],
    ],
  ]);
  expect(results(() => compress(x(), [1, 0, 1]))).toEqual([[[2], [0, 1]]]);
  expect(results(() => reverseSequence(x(), [3, 1], { timeAxis: 1, batchAxis: 0 }))).toEqual([
    [
      [2, 3],
      [1, 1, 0, 3, 3, 2],
    ],
  ]);
  expect(results(() => trilu(x(), { k: 1 }))).toEqual([
    [
      [2, 3],
      [0, 1, 1, 0, 0, 2],
    ],
  ]);
  expect(results(() => range(10, 4, -2))).toEqual([[[3], [10, 8, 6]]]);
  expect(results(() => eye([2, 3], { k: 1 }))).toEqual([
    [
      [2, 3],
      [0, 1, 0, 0, 0, 1],
    ],
  ]);
});

test("non-maximum suppression drops overlapping boxes of lower scores", () => {
  const boxes = () => f32([0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, 10, 1, 11], 1, 3, 4);
  const scores = () => f32([0.9, 0.95, 0.5], 1, 1, 3);
  const select = (attributes: object) =>
    results(() => nonMaxSuppression(boxes(), scores(), { iouThreshold: 0.5, ...attributes }));
  expect(select({ maxOutputBoxes: 3 })).toEqual([
    [
      [2, 3],
      [0, 0, 1, 0, 0, 2],
    ],
  ]);
  expect(select({ maxOutputBoxes: 3, scoreThreshold: 0.6 })).toEqual([
    [
      [1, 3],
      [0, 0, 1],
    ],
  ]);
  expect(select({})).toEqual([[[0, 3], []]]);
});

/** Invalid calls and a part of their messages. */
const invalid: readonly (readonly [make: () => unknown, message: string])[] = [
  [() => gatherElements(zeros([2, 2]), i64([2, 0], 1, 2)), "gatherElements: expected indices from -2 to 1, got 2"],
  [() => gatherElements(zeros([2, 2]), i64([0], 1)), "gatherElements: expected indices of sizes [any, ≤ 2], got [1]"],
  [() => gatherElements(zeros([2]), zeros([2])), "gatherElements: expected i64 or i32 indices, got f32"],
  [() => gatherND(zeros([2]), i64([0, 0], 1, 2)), "gatherND: expected indices [.., k] with k ≤ 1 for a source [2]"],
  [() => gatherNDPositions("gatherND", [2, 2], [0, 0], [2, 1], 2), "gatherND: expected indices [.., k] with k ≤ 0"],
  [() => scatterND(zeros([2]), i64([-3], 1, 1), zeros([1])), "scatterND: expected indices from -2 to 1, got -3"],
  [() => scatterElements(zeros([2]), i64([0], 1), zeros([2])), "scatterElements: expected updates [1], got [2]"],
  [() => tile(zeros([2, 2]), [1]), "tile: expected 2 whole repeats ≥ 0, got [1]"],
  [() => tile(zeros([2]), [2 ** 40]), "tile: expected a result of at most 268435456 elements"],
  [() => range(0, 1, 0), "range: expected finite bounds and a delta other than 0, got 0, 1, 0"],
  [() => range(0, 1, 1e-12), "range: expected a result of at most 268435456 elements"],
  [() => topK(zeros([2]), { k: 3 }), "topK: expected k from 0 to 2, the size of axis 0, got 3"],
  [() => trilu(zeros([2])), "trilu: expected at least two axes, got [2]"],
  [() => compress(zeros([2]), [1, 1, 1]), "compress: expected a condition of at most 2 elements, got 3"],
  [() => reverseSequence(zeros([2, 2]), [1, 3]), "reverseSequence: expected 2 lengths from 0 to 2, got [1, 3]"],
  [() => oneHot(i64([0], 1), zeros([2]), { depth: -1 }), "oneHot: expected a result of at most 268435456 elements"],
  [
    () => negativeLogLikelihoodLoss(zeros([1, 2]), i64([2], 1)),
    "negativeLogLikelihoodLoss: expected classes from 0 to 1, got 2",
  ],
];

test("invalid calls name what was expected", () => {
  for (const [make, message] of invalid) scope(() => expect(make, message).toThrow(message));
});
