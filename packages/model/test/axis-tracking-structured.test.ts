import { init } from "@neft/kernels";
import { addOperators, type HostArray, int64Array } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { beforeAll, expect, it } from "vitest";
import { type Case, values, walk } from "./tracking-walk.js";

addOperators(moreOperators);
beforeAll(() => init());

const image = [4, 6, 4, 4];
const floats = (...data: number[]): HostArray => ({
  dtype: "f32",
  shape: [data.length],
  data: Float32Array.from(data),
});
const scalar = (value: number): HostArray => ({ dtype: "f32", shape: [], data: Float32Array.of(value) });
const integer = (value: number): HostArray => ({ ...int64Array([value]), shape: [] });

const recurrent = (op: string, gates: number): Case[] =>
  [0, 1].map((layout) => ({
    op,
    inputs: [[4, 6, 3], values([1, 2 * gates, 3], "w"), values([1, 2 * gates, 2], "r")],
    attributes: { layout },
    outputs: gates === 4 ? 3 : 2,
  }));

const cases = (): Case[] => [
  { op: "LayerNormalization", inputs: [image, values([4], "s")], outputs: 3 },
  { op: "LayerNormalization", inputs: [image, values([4, 4], "s")], attributes: { axis: 2 } },
  { op: "RMSNormalization", inputs: [image, values([4], "s")] },
  { op: "InstanceNormalization", inputs: [image, values([6], "s"), values([6], "b")] },
  { op: "GroupNormalization", inputs: [image, values([6], "s"), values([6], "b")], attributes: { num_groups: 2 } },
  { op: "MeanVarianceNormalization", inputs: [image], attributes: { axes: [2, 3] } },
  { op: "LpNormalization", inputs: [image], attributes: { axis: 1 } },
  { op: "Hardmax", inputs: [image], attributes: { axis: 2 } },
  { op: "LRN", inputs: [image], attributes: { size: 3, alpha: 1 } },
  { op: "ConvTranspose", inputs: [image, values([6, 2, 3, 3], "w")] },
  { op: "Conv", inputs: [[4, 2, 3, 3, 4], values([3, 2, 2, 2, 2], "w")] },
  { op: "MaxPool", inputs: [[4, 2, 4, 4, 4]], attributes: { kernel_shape: [2, 2, 2] } },
  { op: "AveragePool", inputs: [[4, 2, 4, 4, 4]], attributes: { kernel_shape: [2, 2, 2] } },
  { op: "LpPool", inputs: [image], attributes: { kernel_shape: [2, 2] } },
  { op: "GlobalMaxPool", inputs: [image] },
  { op: "GlobalLpPool", inputs: [image] },
  {
    op: "Resize",
    inputs: [image, floats(), floats(1, 1, 2, 1.5)],
    attributes: { mode: "linear" },
  },
  { op: "Resize", inputs: [[4, 6], floats(), floats(1, 2)] },
  { op: "Upsample", inputs: [[4, 6, 2, 2], floats(1, 1, 2, 2)] },
  { op: "GridSample", inputs: [image, [4, 2, 3, 2]], tracked: [0, 1] },
  { op: "AffineGrid", inputs: [[4, 2, 3], int64Array([4, 1, 2, 3])] },
  { op: "Col2Im", inputs: [[4, 8, 4], int64Array([3, 3]), int64Array([2, 2])] },
  { op: "DeformConv", inputs: [[4, 2, 3, 3], values([2, 2, 2, 2], "w"), values([4, 8, 2, 2], "o")] },
  ...[...recurrent("RNN", 1), ...recurrent("GRU", 3), ...recurrent("LSTM", 4)],
  {
    op: "Attention",
    inputs: [
      [4, 2, 3, 4],
      [4, 2, 5, 4],
      [4, 2, 5, 4],
    ],
    tracked: [0, 1, 2],
    outputs: 4,
  },
  {
    op: "RotaryEmbedding",
    inputs: [
      [4, 2, 3, 4],
      [4, 3, 2],
      [4, 3, 2],
    ],
    tracked: [0, 1, 2],
  },
  { op: "Einsum", inputs: [[4, 6], values([6, 2], "w")], attributes: { equation: "ij,jk->ki" } },
  {
    op: "Einsum",
    inputs: [
      [4, 2, 6],
      [4, 6, 2],
    ],
    attributes: { equation: "bij,bjk->ikb" },
    tracked: [0, 1],
  },
  { op: "Einsum", inputs: [[4, 4]], attributes: { equation: "ii->i" } },
  { op: "QuantizeLinear", inputs: [[4, 6], scalar(0.01)] },
  { op: "DFT", inputs: [[4, 6, 2], integer(6), integer(1)] },
  { op: "STFT", inputs: [[4, 12, 1], integer(2), values([4], "w")] },
  { op: "Det", inputs: [[4, 3, 3]] },
];

it("finds each item where a change to it shows, or reports that items are mixed", () => {
  const { failures, kept } = walk(cases());
  expect(failures).toEqual([]);
  const operators = new Set(cases().map(({ op }) => op));
  expect([...operators].filter((op) => !kept.has(op))).toEqual([]);
});
