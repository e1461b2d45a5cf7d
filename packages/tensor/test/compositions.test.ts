import { init, memoryUse } from "@neft/kernels";
import {
  add,
  affineGrid,
  attention,
  avgPool,
  centerCropPad,
  col2im,
  compress,
  conv,
  convTranspose,
  deformConv,
  depthToSpace,
  dft,
  type ExampleInput,
  einsum,
  gatherElements,
  gatherND,
  globalLpPool,
  globalMaxPool,
  groupNormalization,
  gru,
  instanceNormalization,
  layerNormalization,
  layerStatistics,
  lpPool,
  lrn,
  lstm,
  maxPool,
  maxPoolWithIndices,
  maxRoiPool,
  maxUnpool,
  meanVarianceNormalization,
  negativeLogLikelihoodLoss,
  oneHot,
  resize,
  reverseSequence,
  rmsNormalization,
  rnn,
  roiAlign,
  rotaryEmbedding,
  scatterElements,
  scatterND,
  softmaxCrossEntropyLoss,
  spaceToDepth,
  split,
  stft,
  type Tensor,
  tensor,
  tile,
  topK,
  trilu,
  unique,
} from "@neft/tensor";
import { beforeAll, expect, test } from "vitest";
import { composition, faults } from "./walk.js";

beforeAll(() => init());

const normal = (...shape: number[]): ExampleInput => ({ shape });
const positive = (...shape: number[]): ExampleInput => ({ shape, values: "positive" });
const separated = (...shape: number[]): ExampleInput => ({ shape, values: "separated" });
const i64 = (values: number[], shape: number[]): Tensor => tensor(values, shape, "i64");

type Example = readonly [label: string, inputs: readonly ExampleInput[], compose: (...inputs: Tensor[]) => Tensor];

/** Functions of several operations: the walk of the table checks the operations one by one. */
const examples: readonly Example[] = [
  ["gatherElements", [normal(3, 2)], (x) => gatherElements(x, i64([2, -1, 0, 0], [2, 2]))],
  ["gatherND", [normal(2, 3, 2)], (x) => gatherND(x, i64([1, 1], [2, 1]), { batchDims: 1 })],
  ["scatterElements", [normal(3, 2), normal(1, 2)], (x, u) => scatterElements(x, i64([2, 0], [1, 2]), u)],
  ["scatterND", [normal(3, 2), normal(2, 2)], (x, u) => scatterND(x, i64([1, 1], [2, 1]), u, { reduction: "add" })],
  ["compress", [normal(3, 2)], (x) => compress(x, [0, 1, 1], { axis: 0 })],
  ["reverseSequence", [normal(3, 2, 2)], (x) => reverseSequence(x, [2, 3])],
  ["trilu", [normal(2, 3, 4)], (x) => trilu(x, { upper: false, k: 1 })],
  ["tile", [normal(2, 3)], (x) => tile(x, [2, 2])],
  ["oneHot", [normal(2)], (v) => oneHot(i64([2, -1, 5], [3]), v, { depth: 4, axis: 0 })],
  ["topK", [separated(3, 4)], (x) => topK(x, { k: 2, axis: 0, largest: false }).values],
  ["unique", [separated(4)], (x) => unique(x).y],
  ["split", [normal(2, 7)], (x) => split(x, [3, 1, 3], { axis: 1 })[2]!],
  [
    "layerNormalization",
    [normal(3, 2, 4), normal(2, 4), normal(4)],
    (x, s, b) => layerNormalization(x, s, b, { axis: 1 }),
  ],
  ["layerStatistics", [normal(3, 5)], (x) => layerStatistics(x).invStdDev],
  ["rmsNormalization", [normal(3, 5), normal(5)], (x, s) => rmsNormalization(x, s)],
  ["instanceNormalization", [normal(2, 3, 5), normal(3), normal(3)], (x, s, b) => instanceNormalization(x, s, b)],
  [
    "groupNormalization",
    [normal(2, 4, 3), normal(4), normal(4)],
    (x, s, b) => groupNormalization(x, s, b, { groups: 2 }),
  ],
  [
    "groupNormalization by groups",
    [normal(2, 4, 3), normal(2), normal(2)],
    (x, s, b) => groupNormalization(x, s, b, { groups: 2 }),
  ],
  ["meanVarianceNormalization", [normal(2, 2, 3, 3)], (x) => meanVarianceNormalization(x)],
  [
    "conv, one axis",
    [normal(2, 4, 7), normal(4, 2, 3), normal(4)],
    (x, w, b) => conv(x, w, b, { groups: 2, strides: [2], pads: [1, 0] }),
  ],
  [
    "conv, three axes",
    [normal(1, 2, 4, 3, 3), normal(4, 1, 2, 2, 3), normal(4)],
    (x, w, b) => conv(x, w, b, { groups: 2, strides: [2, 1, 1], pads: [1, 0, 1, 0, 1, 1], dilations: [2, 1, 1] }),
  ],
  [
    "convTranspose, one axis",
    [normal(2, 2, 4), normal(2, 3, 3), normal(3)],
    (x, w, b) => convTranspose(x, w, b, { strides: [2], outputPadding: [2], pads: [-1, 1] }),
  ],
  [
    "convTranspose, three axes",
    [normal(1, 4, 2, 2, 3), normal(4, 1, 3, 2, 2), normal(2)],
    (x, w, b) =>
      convTranspose(x, w, b, { groups: 2, strides: [2, 1, 2], pads: [1, 0, 0, 0, 1, 0], outputPadding: [1, 0, 0] }),
  ],
  [
    "maxPool, three axes",
    [separated(1, 1, 4, 4, 3)],
    (x) => maxPool(x, { kernel: [2, 3, 2], strides: [2, 1, 1], pads: [0, 1, 1, 0, 0, 0] }),
  ],
  ["maxPoolWithIndices", [separated(1, 2, 5)], (x) => maxPoolWithIndices(x, { kernel: [2], dilations: [2] }).y],
  [
    "avgPool, three axes",
    [normal(1, 2, 4, 3, 3)],
    (x) => avgPool(x, { kernel: [2, 3, 2], strides: [2, 1, 1], pads: [1, 1, 0, 0, 1, 1] }),
  ],
  ["lpPool", [separated(1, 1, 4, 3)], (x) => lpPool(x, { kernel: [2, 2], p: 3 })],
  ["globalLpPool", [separated(2, 1, 3)], (x) => globalLpPool(x)],
  ["globalMaxPool", [separated(2, 2, 3)], (x) => globalMaxPool(x)],
  [
    "maxUnpool",
    [normal(1, 1, 2, 2)],
    (x) => maxUnpool(x, i64([5, 7, 13, 15], [1, 1, 2, 2]), { kernel: [2, 2], strides: [2, 2] }),
  ],
  ["lrn", [normal(2, 5, 2)], (x) => lrn(x, { size: 3, alpha: 0.5, beta: 0.7 })],
  ["col2im", [normal(1, 8, 4)], (x) => col2im(x, { image: [3, 3], block: [2, 2] })],
  ["depthToSpace", [normal(1, 8, 2, 1)], (x) => depthToSpace(x, { block: 2, order: "CRD" })],
  ["spaceToDepth", [normal(1, 2, 2, 4)], (x) => spaceToDepth(x, { block: 2 })],
  [
    "resize, cubic",
    [normal(1, 2, 3, 4)],
    (x) => resize(x, { sizes: [5, 3], axes: [2, 3], mode: "cubic", antialias: true }),
  ],
  [
    "resize, nearest",
    [normal(1, 3, 4)],
    (x) => resize(x, { scales: [1, 2, 0.6], coordinates: "asymmetric", nearest: "floor" }),
  ],
  [
    "resize, cropped",
    [normal(4, 3)],
    (x) =>
      resize(x, {
        sizes: [3, 3],
        mode: "linear",
        coordinates: "tf_crop_and_resize",
        region: [0.2, -0.5, 0.9, 1.2],
        extrapolation: 10,
      }),
  ],
  ["centerCropPad", [normal(3, 4)], (x) => centerCropPad(x, [5, 1])],
  ["affineGrid", [normal(2, 2, 3)], (theta) => affineGrid(theta, [2, 1, 2, 3])],
  [
    "roiAlign",
    [normal(2, 2, 5, 4)],
    (x) => roiAlign(x, tensor([0, 0.5, 3, 4, 1, 1, 9, 2], [2, 4]), i64([1, 0], [2]), { size: [2, 2] }),
  ],
  [
    "roiAlign, maximum",
    [positive(1, 2, 5, 4)],
    (x) => roiAlign(x, tensor([0, 0.5, 3, 4], [1, 4]), i64([0], [1]), { size: [2, 2], mode: "max", samplingRatio: 1 }),
  ],
  ["maxRoiPool", [separated(1, 2, 4, 4)], (x) => maxRoiPool(x, tensor([0, 1, 1, 3, 3], [1, 5]), { size: [2, 2] })],
  [
    "deformConv",
    [normal(1, 2, 3, 3), normal(2, 1, 2, 2), separated(1, 8, 1, 1), normal(2), normal(1, 4, 1, 1)],
    (x, w, offset, b, mask) => deformConv(x, w, offset, b, mask, { groups: 2, strides: [2, 2] }),
  ],
  [
    "rnn, both directions",
    [normal(3, 2, 3), normal(2, 2, 3), normal(2, 2, 2), normal(2, 4), normal(2, 2, 2)],
    (x, w, r, b, initialH) => rnn(x, { w, r, b }, { direction: "bidirectional", lengths: [3, 1], initialH }).y,
  ],
  [
    "gru",
    [normal(3, 2, 3), normal(1, 6, 3), normal(1, 6, 2), normal(1, 12)],
    (x, w, r, b) => gru(x, { w, r, b }, { direction: "reverse", lengths: [3, 2] }).lastH,
  ],
  [
    "gru, linear before reset",
    [normal(2, 3, 3), normal(1, 6, 3), normal(1, 6, 2), normal(1, 12)],
    (x, w, r, b) => gru(x, { w, r, b }, { layout: 1, linearBeforeReset: true }).y,
  ],
  [
    "lstm",
    [normal(3, 2, 3), normal(1, 8, 3), normal(1, 8, 2), normal(1, 16), normal(1, 6), normal(1, 2, 2)],
    (x, w, r, b, peepholes, initialC) => lstm(x, { w, r, b }, { peepholes, initialC, lengths: [2, 3] }).y,
  ],
  [
    "lstm, fused cells",
    [normal(3, 2, 3), normal(1, 8, 3), normal(1, 8, 2), normal(1, 16), normal(1, 2, 2)],
    (x, w, r, b, initialC) => lstm(x, { w, r, b }, { initialC }).y,
  ],
  [
    "lstm, other activations",
    [normal(2, 2, 3), normal(1, 8, 3), normal(1, 8, 2), normal(1, 16)],
    (x, w, r, b) =>
      lstm(
        x,
        { w, r, b },
        { activations: ["Affine", "Softplus", "Softsign"], alphas: [0.3], betas: [0.1], inputForget: true },
      ).lastC,
  ],
  ["einsum, batches", [normal(2, 3, 4), normal(2, 5, 4)], (a, b) => einsum("bij,bkj->bik", [a, b])],
  [
    "einsum, three operands",
    [normal(2, 3), normal(3, 4), normal(2, 4)],
    (a, b, c) => einsum("ij,jk,ik->ki", [a, b, c]),
  ],
  ["einsum, a diagonal", [normal(3, 3, 2)], (x) => einsum("iij->ji", [x])],
  ["einsum, ellipses", [normal(2, 1, 3, 4), normal(5, 4)], (a, b) => einsum("...ij,...j->...i", [a, b])],
  [
    "attention",
    [normal(2, 3, 8), normal(2, 2, 4), normal(2, 2, 6), normal(3, 3), normal(2, 1, 1, 4), normal(2, 1, 1, 6)],
    (q, k, v, mask, pastKey, pastValue) =>
      attention(q, k, v, { qHeads: 2, kvHeads: 1, mask, pastKey, pastValue, isCausal: true, softcap: 2 }).y,
  ],
  [
    "rotaryEmbedding",
    [normal(2, 3, 10), normal(4, 2), normal(4, 2)],
    (x, cos, sin) => rotaryEmbedding(x, cos, sin, { heads: 2, size: 4, positions: i64([0, 3, 1, 2, 2, 0], [2, 3]) }),
  ],
  [
    "rotaryEmbedding, interleaved",
    [normal(1, 2, 3, 4), normal(1, 3, 2), normal(1, 3, 2)],
    (x, cos, sin) => rotaryEmbedding(x, cos, sin, { interleaved: true }),
  ],
  ["dft", [normal(2, 5, 2)], (x) => dft(x, { axis: 1, length: 6 })],
  ["dft, real and inverse", [normal(2, 4, 2)], (x) => dft(x, { inverse: true, oneSided: true })],
  ["stft", [normal(1, 9, 1), normal(4)], (x, window) => stft(x, { step: 2, window })],
  [
    "negativeLogLikelihoodLoss",
    [normal(2, 3, 2), positive(3)],
    (x, w) => negativeLogLikelihoodLoss(x, i64([2, 0, 1, 0], [2, 2]), { weights: w, ignoreIndex: 1 }),
  ],
  ["softmaxCrossEntropyLoss", [normal(3, 4)], (x) => softmaxCrossEntropyLoss(x, i64([3, 0, 1], [3])).loss],
];

test("every composed function: gradients, shape, determinism", () => {
  expect(examples.flatMap(([label, inputs, compose]) => faults(composition(label, inputs, compose)))).toEqual([]);
  // A function that hides an input from the backward pass is found.
  const broken = composition("broken", [normal(3)], (x) => add(x, tensor(x.floats(), x.shape)));
  expect(faults(broken)).toHaveLength(1);
});

test("composed functions leak no memory", () => {
  const before = memoryUse().live;
  for (const [label, inputs, compose] of examples) faults(composition(label, inputs, compose));
  expect(memoryUse().live).toBe(before);
});
