import { init } from "@neft/kernels";
import {
  add,
  avgPool2d,
  batchNorm,
  batchNormTrain,
  concat,
  conv2d,
  crossEntropy,
  dropout,
  expand,
  linear,
  matmul,
  maxPool2d,
  pad,
  reduceSum,
  relu,
  reshape,
  type Sigma,
  slice,
  softmax,
  type Tensor,
  transpose,
  zeros,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";

beforeAll(() => init());

const z = (...shape: number[]): Tensor => zeros(shape);
const variation = { sMax: 1, sigma: { kind: "uniform", sigma: 0.1 } as const, key: 1n, perSample: false };

const table = (...values: number[]): Sigma => ({ kind: "table", values: Float32Array.from(values) });

/** Invalid calls, and a part of their error messages. */
const cases: readonly (readonly [() => unknown, string])[] = [
  [() => add(z(2, 3), z(4)), "add: expected shapes that broadcast, got [2, 3] and [4]"],
  [() => relu(3 as unknown as Tensor), "relu: expected a tensor as input 0, got number"],
  [() => matmul(z(2, 3), z(4, 5)), "matmul: expected shapes [.., m, k] and [.., k, n], got [2, 3] and [4, 5]"],
  [
    () => linear(z(2, 3), z(4, 5), undefined),
    "linear: expected an input [samples, .., 5], got [2, 3] for a weight [4, 5]",
  ],
  [() => linear(z(5), z(4, 5), undefined), "linear: expected an input [samples, .., 5], got [5]"],
  [() => linear(z(2, 5), z(4, 5), z(5)), "linear: expected a bias [4], got [5]"],
  [() => linear(z(2, 5), z(4, 5, 1), undefined), "linear: expected a weight of two axes, got [4, 5, 1]"],
  [
    () =>
      linear(z(2, 5), z(4, 5), undefined, {
        variation: { ...variation, sigma: { kind: "levels", outer: Number.NaN, middle: 1 } },
      }),
    "linear: variation.sigma.outer: expected a finite number ≥ 0, got NaN",
  ],
  [
    () => linear(z(2, 5), z(4, 5), undefined, { variation: { ...variation, sigma: { kind: "uniform", sigma: -1 } } }),
    "linear: variation.sigma.sigma: expected a finite number ≥ 0, got -1",
  ],
  [
    () => linear(z(2, 5), z(4, 5), undefined, { variation: { ...variation, sigma: table(0.1) } }),
    "linear: variation.sigma.values: expected a Float32Array of 2 values or more, got 1 values",
  ],
  [
    () => linear(z(2, 5), z(4, 5), undefined, { variation: { ...variation, sigma: table(0.1, Number.NaN) } }),
    "linear: variation.sigma.values[1]: expected a finite number ≥ 0, got NaN",
  ],
  [
    () =>
      linear(z(2, 5), z(4, 5), undefined, {
        variation: { ...variation, sigma: { kind: "normal" } as unknown as Sigma },
      }),
    "linear: variation.sigma: expected one of the kinds uniform, levels, table, got normal",
  ],
  [
    () => conv2d(z(1, 2, 5, 5), z(3, 2, 3, 3), undefined, { variation: { ...variation, sMax: -1 } }),
    "conv2d: variation.sMax: expected a finite number ≥ 0, got -1",
  ],
  [
    () => conv2d(z(2, 5, 5), z(3, 2, 3, 3), undefined),
    "conv2d: expected x [n, c, h, w] and W [out, c/groups, kh, kw], got [2, 5, 5]",
  ],
  [
    () => conv2d(z(1, 4, 5, 5), z(3, 2, 3, 3), undefined, { groups: 2 }),
    "with out a multiple of groups, got 2 groups over 4 channels",
  ],
  [
    () => conv2d(z(1, 2, 2, 5), z(3, 2, 3, 3), undefined),
    "conv2d: expected a padded input at least as large as the window of 3, got size 2 with pads 0 and 0",
  ],
  [() => conv2d(z(1, 2, 5, 5), z(3, 2, 3, 3), z(2)), "conv2d: expected a bias [3], got [2]"],
  [
    () => conv2d(z(1, 2, 5, 5), z(3, 2, 3, 3), undefined, { strides: [0, 1] }),
    "conv2d: strides: expected 2 whole numbers ≥ 1, got [0, 1]",
  ],
  [
    () => conv2d(z(1, 2, 5, 5), z(3, 2, 3, 3), undefined, { pads: [2 ** 31 - 1, 0, 0, 0] }),
    "conv2d: pads: expected a padded image of at most 268435456 elements, got [2, 2147483652, 5]",
  ],
  [
    () => conv2d(z(1, 2, 5, 5), z(3, 2, 3, 3), undefined, { pads: [-1, 0, 0, 0] }),
    "conv2d: pads: expected 4 whole numbers ≥ 0, got [-1, 0, 0, 0]",
  ],
  [
    () => conv2d(z(1, 2, 5, 5), z(3, 2, 3, 3), undefined, { dilations: [2 ** 32, 1] }),
    "conv2d: expected a padded input at least as large as the window of 8589934593, got size 5 with pads 0 and 0",
  ],
  [
    () => avgPool2d(z(1, 2, 5, 5), { kernel: [3, 3], pads: [0, 3, 0, 0] }),
    "avgPool2d: pads: expected less padding than the window's 3, got 3 and 0",
  ],
  [
    () => maxPool2d(z(1, 2, 2, 2), { kernel: [3, 3] }),
    "maxPool2d: expected a padded input at least as large as the window of 3, got size 2 with pads 0 and 0",
  ],
  [() => maxPool2d(z(2, 2), { kernel: [1, 1] }), "maxPool2d: expected an input [n, c, h, w], got [2, 2]"],
  [() => batchNormTrain(z(2, 3, 4), z(3), z(2)), "batchNormTrain: beta: expected shape [3], got [2]"],
  [
    () => batchNorm(z(2, 3), z(3), z(3), { mean: z(3), variance: z(1, 3) }),
    "batchNorm: variance: expected shape [3], got [1, 3]",
  ],
  [() => batchNormTrain(z(0, 3), z(3), z(3)), "batchNormTrain: expected at least one value per channel, got [0, 3]"],
  [() => crossEntropy(z(2, 3), Int32Array.of(0)), "crossEntropy: expected 2 labels, got 1"],
  [() => crossEntropy(z(2, 3), Int32Array.of(0, 3)), "crossEntropy: expected labels from 0 to 2, got 3 for sample 1"],
  [() => crossEntropy(z(3), Int32Array.of(0)), "crossEntropy: expected logits [samples ≥ 1, classes], got [3]"],
  [() => crossEntropy(z(0, 3), Int32Array.of()), "crossEntropy: expected logits [samples ≥ 1, classes], got [0, 3]"],
  [() => softmax(z(2, 3), { axis: 2 }), "softmax: expected an axis from -2 to 1, got 2"],
  [() => reduceSum(z(2), { axes: [1] }), "reduceSum: expected an axis from -1 to 0, got 1"],
  [() => reshape(z(2, 3), [4, -1]), "reshape: expected a shape of 6 elements, the size of [2, 3], got [4, -1]"],
  [() => reshape(z(2, 3), [-1, -1]), "reshape: expected a shape of 6 elements"],
  [() => reshape(z(0, 3), [-1, 0]), "reshape: expected a shape of 0 elements"],
  [() => transpose(z(2, 3), { perm: [0, 0] }), "transpose: expected a permutation of 2 axes, got [0, 0]"],
  [() => expand(z(3), [2]), "expand: expected shapes that broadcast, got [3] and [2]"],
  [() => concat([], { axis: 0 }), "concat: expected at least one tensor, got none"],
  [
    () => concat([z(2, 3), z(2, 4)], { axis: 0 }),
    "concat: expected shapes that are equal except along axis 0, got [2, 3] and [2, 4]",
  ],
  [
    () => slice(z(3), { starts: [0], ends: [1], steps: [0] }),
    "slice: expected steps that are whole numbers other than 0, got 0",
  ],
  [() => slice(z(3), { starts: [0.5], ends: [2] }), "slice: expected whole starts and ends, got [0.5] and [2]"],
  [() => slice(z(3), { starts: [0], ends: [Number.NaN] }), "slice: expected whole starts and ends, got [0] and [NaN]"],
  [
    () => slice(z(3), { starts: [0], ends: [] }),
    "slice: expected 1 ends, axes and steps, one for each start, got 0, 1, 1",
  ],
  [() => pad(z(3), { pads: [1] }), "pad: expected 2 whole numbers for rank 1, got [1]"],
  [() => dropout(z(3), { p: 1, key: 1n }), "dropout: expected p ≥ 0 and < 1, got 1"],
];

test("invalid calls throw errors that name the expectation", () => {
  const messages = cases.map(([call]) => {
    try {
      call();
      return "no error";
    } catch (error) {
      return (error as Error).message;
    }
  });
  expect(
    cases
      .filter(([, message], i) => !messages[i]!.includes(message))
      .map(([, message]) => [message, messages[cases.findIndex((c) => c[1] === message)]]),
  ).toEqual([]);
});
