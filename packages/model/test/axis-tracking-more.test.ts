import { init } from "@neft/kernels";
import { addOperators, type HostArray, int64Array } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { beforeAll, describe, expect, it } from "vitest";
import { type Case, values, walk } from "./tracking-walk.js";

addOperators(moreOperators);
beforeAll(() => init());

const square = [4, 6];
const image = [4, 6, 4, 4];
const scalar = (value: number): HostArray => ({ ...int64Array([value]), shape: [] });
const at = (values: readonly number[], shape: readonly number[]): HostArray => ({ ...int64Array(values), shape });
/** Indices 0 and 1 of a shape. */
const bits = (...shape: number[]): HostArray =>
  at(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * i) % 3 === 1 ? 1 : 0)),
    shape,
  );
const bools = (...shape: number[]): HostArray => ({
  dtype: "bool",
  shape,
  data: Uint8Array.from(bits(...shape).data as BigInt64Array, Number),
});

const pairs = ["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual", "Max", "Min"];
const cases = (): Case[] => [
  ...pairs.flatMap((op): Case[] => [
    { op, inputs: [square, values([6], "b")] },
    { op, inputs: [square, square], tracked: [0, 1] },
    { op, inputs: [[6], square], tracked: [1] },
  ]),
  ...["And", "Or", "Xor"].map((op): Case => ({ op, inputs: [bools(4, 6), bools(6)] })),
  ...["BitwiseAnd", "BitwiseOr", "BitwiseXor"].map((op): Case => ({ op, inputs: [bits(4, 6), bits(6)] })),
  { op: "BitwiseNot", inputs: [bits(4, 6)] },
  { op: "Not", inputs: [bools(4, 6)] },
  { op: "BitCast", inputs: [square], attributes: { to: "i32" } },
  { op: "Mod", inputs: [square, values([6], "b")], attributes: { fmod: 1 } },
  { op: "Where", inputs: [bools(4, 6), values([6], "x"), values([4, 6], "y")] },
  { op: "Where", inputs: [bools(6), square, [1, 6]], tracked: [1] },
  { op: "Where", inputs: [bools(4, 6), square, square], tracked: [0, 1, 2] },
  { op: "Expand", inputs: [square, int64Array([3, 1, 1])] },
  { op: "Expand", inputs: [[1, 4, 1], int64Array([2, 1, 3])] },
  { op: "Tile", inputs: [square, int64Array([2, 3])] },
  { op: "Trilu", inputs: [image] },
  { op: "Trilu", inputs: [square, scalar(1)] },
  { op: "Split", inputs: [image, int64Array([2, 4])], attributes: { axis: 1 }, outputs: 2 },
  { op: "Split", inputs: [square, int64Array([1, 3])], outputs: 2 },
  { op: "GatherElements", inputs: [square, bits(4, 6)], attributes: { axis: 1 } },
  { op: "GatherElements", inputs: [square, bits(4, 2)], attributes: { axis: 1 }, tracked: [0, 1] },
  { op: "GatherElements", inputs: [square, bits(2, 6)] },
  { op: "GatherND", inputs: [image, bits(4, 2)], attributes: { batch_dims: 1 } },
  { op: "GatherND", inputs: [image, bits(4, 6, 2)], attributes: { batch_dims: 2 } },
  { op: "GatherND", inputs: [square, bits(3, 1)] },
  { op: "ScatterElements", inputs: [square, bits(4, 1), [4, 1]], attributes: { axis: 1 }, tracked: [0, 2] },
  { op: "ScatterElements", inputs: [square, bits(2, 6), values([2, 6], "u")] },
  { op: "Scatter", inputs: [square, bits(4, 1), values([4, 1], "u")], attributes: { axis: 1 } },
  { op: "ScatterND", inputs: [square, at([1, 0], [2, 1]), values([2, 6], "u")] },
  { op: "TensorScatter", inputs: [image, values([4, 6, 2, 4], "u"), int64Array([0, 1, 2, 0])] },
  { op: "TensorScatter", inputs: [image, [4, 6, 2, 4], bits(4)], tracked: [0, 1] },
  { op: "Compress", inputs: [image, bools(5)], attributes: { axis: 1 } },
  { op: "Compress", inputs: [square, bools(4)], attributes: { axis: 0 } },
  { op: "TopK", inputs: [image, int64Array([2])], attributes: { axis: 1 }, outputs: 2 },
  { op: "TopK", inputs: [square, int64Array([2])], outputs: 2 },
  ...["ArgMax", "ArgMin"].flatMap((op): Case[] => [
    { op, inputs: [image], attributes: { axis: 1 } },
    { op, inputs: [image], attributes: { axis: 1, keepdims: 0 } },
    { op, inputs: [image], attributes: { axis: -1, keepdims: 0 } },
  ]),
  { op: "OneHot", inputs: [bits(4, 6), scalar(3), values([2], "v")] },
  { op: "OneHot", inputs: [bits(4, 6), scalar(3), values([2], "v")], attributes: { axis: 1 } },
  { op: "OneHot", inputs: [bits(4, 6), scalar(3), values([2], "v")], attributes: { axis: 0 } },
  { op: "CastLike", inputs: [square, values([1], "l")] },
  { op: "ReverseSequence", inputs: [image, int64Array([4, 2, 1, 0])], attributes: { batch_axis: 0, time_axis: 1 } },
  { op: "DepthToSpace", inputs: [[4, 4, 2, 2]], attributes: { blocksize: 2 } },
  { op: "SpaceToDepth", inputs: [image], attributes: { blocksize: 2 } },
  { op: "CenterCropPad", inputs: [image, int64Array([2, 7])], attributes: { axes: [1, 3] } },
  { op: "CumSum", inputs: [image, scalar(1)] },
  { op: "CumProd", inputs: [image, scalar(-1)] },
];

/** Operators that mix all items, or whose outputs hold none. */
const without = ["ScatterND"];

describe("tracking items through operators that pages load on demand", () => {
  it("finds each item where a change to it shows, or reports that items are mixed", () => {
    const { failures, kept } = walk(cases());
    expect(failures).toEqual([]);
    const all = [...new Set(cases().map(({ op }) => op))];
    expect(all.filter((op) => !kept.has(op))).toEqual(without);
  });
});
