import { init } from "@neft/kernels";
import { add, matmul, normals, scope, sizeOf, slice, stream, type Tensor, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import type { LinearMap, Reads } from "../src/array-product.js";
import { convolutionMap, spatialConvolutionMap } from "../src/maps/convolution.js";
import { matrixMap } from "../src/maps/matrix.js";

beforeAll(() => init());

const drawn = (name: string, shape: number[]): Tensor =>
  tensor(normals(stream(4, { purpose: "sums", name }), sizeOf(shape)), shape);

const window = (kernel: number[], output: number[], pads: number[], strides = kernel.map(() => 1)) => ({
  kernel,
  strides,
  dilations: kernel.map(() => 1),
  pads,
  output,
});

const plane = window([3, 2], [3, 4], [1, 0, 1, 1], [2, 1]);
const cases: [name: string, map: LinearMap, x: number[], w: number[]][] = [
  ["a matrix [out, in]", matrixMap("oi"), [3, 7], [4, 7]],
  ["a matrix [in, out] of sequences", matrixMap("io"), [2, 3, 7], [7, 4]],
  ["a convolution", convolutionMap({ window: plane, groups: 1 }), [2, 3, 5, 4], [4, 3, 3, 2]],
  ["a convolution of groups", convolutionMap({ window: plane, groups: 2 }), [2, 6, 5, 4], [4, 3, 3, 2]],
  ["a depthwise convolution", convolutionMap({ window: plane, groups: 3 }), [2, 3, 5, 4], [3, 1, 3, 2]],
  [
    "a convolution over one axis",
    convolutionMap({ window: window([3], [5], [1, 1]), groups: 1 }),
    [2, 3, 5],
    [4, 3, 3],
  ],
  [
    "a convolution over three axes",
    spatialConvolutionMap({ window: window([2, 2, 2], [2, 2, 2], [0, 0, 0, 0, 0, 0]), groups: 1 }),
    [2, 3, 3, 3, 3],
    [4, 3, 2, 2, 2],
  ],
];

/** Sums over some word lines, by reads of vectors. */
function byReads({ vectors, collect }: Reads, matrices: readonly Tensor[], from: number, to: number): Tensor {
  const lines = (x: Tensor) => slice(x, { axes: [1], starts: [from], ends: [to] });
  return collect(vectors.map((x, block) => matmul(lines(x), matrices[block]!)));
}

describe("bit lines' sums straight from the input are those of the reads", () => {
  it.each(cases)("%s, over all word lines and over some", (_, { kind, settings }, xShape, wShape) => {
    scope(() => {
      const [x, w] = [drawn("x", xShape), drawn("w", wShape)];
      const matrices = kind.matrices(w, settings);
      const inputs = matrices[0]!.shape[0]!;
      for (const [from, to] of [
        [0, inputs],
        [0, 1],
        [1, inputs],
        [Math.floor(inputs / 3), Math.ceil((2 * inputs) / 3)],
      ] as const) {
        const rows = matrices.map((one) => slice(one, { axes: [0], starts: [from], ends: [to] }));
        const doubled = rows.map((one) => add(one, one));
        const sums = kind.sums!(x, wShape, settings, { from, to }, [rows, doubled]);
        const expected = byReads(kind.reads(x, wShape, settings), rows, from, to);
        const values = expected.floats();
        for (const [i, one] of sums.entries()) {
          expect(one.shape).toEqual(expected.shape);
          one.floats().forEach((sum, at) => {
            expect(sum).toBeCloseTo((i + 1) * values[at]!, 4);
          });
        }
      }
    });
  });
});
