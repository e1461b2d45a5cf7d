import { init } from "@neft/kernels";
import { coreOperators, evaluateConstants, type GraphNode, type HostArray, inferNodes, int64Array } from "@neft/model";
import { normals, stream } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { trackNode } from "../src/axis-tracking.js";
import { type AxisPosition, MixedError } from "../src/operators/tracks.js";

beforeAll(() => init());

const product = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);

function values(shape: readonly number[], name: string): HostArray {
  return { dtype: "f32", shape, data: normals(stream(1, { purpose: name }), product(shape)) };
}

interface Case {
  readonly op: string;
  /** Inputs: a shape to be tracked, or a fixed value. */
  readonly inputs: readonly (readonly number[] | HostArray)[];
  readonly attributes?: GraphNode["attributes"];
  /** Sets of inputs that hold items together. Default: the first input. */
  readonly tracked?: readonly number[];
}

const square = [4, 6];
const image = [4, 6, 4, 4];
const cases = (): Case[] => [
  ...["Add", "Sub", "Mul", "Div"].flatMap((op): Case[] => [
    { op, inputs: [square, values([6], "b")] },
    { op, inputs: [square, values([3, 1, 6], "b")] },
    { op, inputs: [square, square], tracked: [0, 1] },
    { op, inputs: [[6], square], tracked: [1] },
  ]),
  ...["Relu", "Sigmoid", "Tanh", "LeakyRelu", "Identity", "Dropout", "Clip"].map((op) => ({ op, inputs: [square] })),
  { op: "Cast", inputs: [square], attributes: { to: "f32" } },
  { op: "BatchNormalization", inputs: [image, ...["g", "b", "m"].map((n) => values([6], n)), values([6], "v")] },
  { op: "Conv", inputs: [image, values([2, 6, 3, 3], "w")], attributes: { pads: [1, 1, 1, 1] } },
  { op: "Conv", inputs: [image, values([6, 1, 3, 3], "w")], attributes: { group: 6 } },
  { op: "MaxPool", inputs: [image], attributes: { kernel_shape: [2, 2] } },
  { op: "AveragePool", inputs: [image], attributes: { kernel_shape: [2, 2], strides: [2, 2] } },
  { op: "GlobalAveragePool", inputs: [image] },
  { op: "Gemm", inputs: [square, values([6, 3], "w"), values([3], "b")] },
  { op: "Gemm", inputs: [square, values([3, 4], "w")], attributes: { transA: 1, transB: 1 } },
  { op: "Gemm", inputs: [values([3, 4], "w"), square], tracked: [1] },
  { op: "Gemm", inputs: [values([3, 4], "w"), [6, 4]], attributes: { transB: 1 }, tracked: [1] },
  { op: "Gemm", inputs: [square, values([6, 3], "w"), [4, 3]], tracked: [0, 2] },
  { op: "MatMul", inputs: [square, values([6, 3], "w")] },
  { op: "MatMul", inputs: [values([3, 4], "w"), square], tracked: [1] },
  { op: "MatMul", inputs: [[2, 4, 6], values([6, 3], "w")] },
  { op: "MatMul", inputs: [values([3, 4], "w"), [2, 4, 6]], tracked: [1] },
  {
    op: "MatMul",
    inputs: [
      [2, 4, 6],
      [2, 6, 3],
    ],
    tracked: [0, 1],
  },
  { op: "MatMul", inputs: [[4, 6], values([2, 6, 3], "w")] },
  { op: "MatMul", inputs: [square, values([6], "w")] },
  { op: "MatMul", inputs: [values([4], "w"), square], tracked: [1] },
  { op: "MatMul", inputs: [values([4], "w"), [2, 4, 6]], tracked: [1] },
  { op: "MatMul", inputs: [[4], values([4, 3], "w")] },
  { op: "Softmax", inputs: [image], attributes: { axis: 1 } },
  { op: "Softmax", inputs: [image], attributes: { axis: 2, coerce: 1 } },
  { op: "LogSoftmax", inputs: [square], attributes: { axis: -1 } },
  ...[[24], [24, 1], [1, 4, 6], [2, 2, 6], [4, 2, 3], [8, 3], [2, 12], [6, 4]].map(
    (to): Case => ({ op: "Reshape", inputs: [square, int64Array(to)] }),
  ),
  { op: "Reshape", inputs: [[24], int64Array([2, 3, 4])] },
  ...[0, 1, 2, -1].map((axis): Case => ({ op: "Flatten", inputs: [image], attributes: { axis } })),
  { op: "Squeeze", inputs: [[1, 4, 1, 6]] },
  { op: "Squeeze", inputs: [[1, 4, 1, 6], int64Array([-2])] },
  { op: "Unsqueeze", inputs: [square, int64Array([0, 2])] },
  { op: "Transpose", inputs: [image] },
  { op: "Transpose", inputs: [image], attributes: { perm: [0, 2, 3, 1] } },
  { op: "Concat", inputs: [square, values([4, 2], "b")], attributes: { axis: 1 } },
  { op: "Concat", inputs: [square, values([1, 6], "b")], attributes: { axis: 0 } },
  { op: "Concat", inputs: [square, square], attributes: { axis: 0 }, tracked: [0, 1] },
  { op: "Concat", inputs: [square, square], attributes: { axis: -1 }, tracked: [0, 1] },
  { op: "Gather", inputs: [image, int64Array([1, 0])], attributes: { axis: 1 } },
  { op: "Gather", inputs: [image, { ...int64Array([1]), shape: [] }], attributes: { axis: -1 } },
  { op: "Gather", inputs: [square, int64Array([3, 2, 1, 0])] },
  { op: "Slice", inputs: [square, int64Array([1]), int64Array([2 ** 40]), int64Array([-1])] },
  { op: "Slice", inputs: [square, int64Array([-1, 0]), int64Array([-9, 9]), int64Array([0, 1]), int64Array([-1, 1])] },
  { op: "Pad", inputs: [square, int64Array([0, 1, 0, 2])] },
  { op: "Pad", inputs: [square, int64Array([1, -1]), values([], "p"), int64Array([0])] },
  { op: "Pad", inputs: [square, int64Array([1, -1, 0, 0])], attributes: { mode: "reflect" } },
  { op: "ReduceMean", inputs: [image, int64Array([1, -1])] },
  { op: "ReduceMean", inputs: [image, int64Array([1, -1])], attributes: { keepdims: 0 } },
  { op: "ReduceMean", inputs: [square] },
  { op: "ReduceMean", inputs: [square], attributes: { noop_with_empty_axes: 1 } },
];

/** Every position of two or more items along an axis. */
function positionsIn(shape: readonly number[]): { position: AxisPosition; size: number }[] {
  return shape.flatMap((length, axis) =>
    [1, 2, 3].flatMap((outer) =>
      [1, 2, 3].flatMap((inner) => {
        const size = length / (outer * inner);
        return Number.isInteger(size) && size > 1 ? [{ position: { axis, outer, inner }, size }] : [];
      }),
    ),
  );
}

/** Index of the item that an element belongs to. */
function itemAt(index: number, shape: readonly number[], { axis, inner }: AxisPosition, size: number): number {
  const along = Math.floor(index / product(shape.slice(axis + 1))) % shape[axis]!;
  return Math.floor(along / inner) % size;
}

/** Elements of a node's output that depend on the elements of one item. */
function changedBy(
  node: GraphNode,
  inputs: HostArray[],
  tracked: readonly number[],
  is: (i: number, shape: readonly number[]) => boolean,
): number[] {
  const [before] = evaluateConstants(node, inputs);
  const moved = inputs.map((input, at) =>
    tracked.includes(at)
      ? {
          ...input,
          data: Float32Array.from(input.data as Float32Array, (v, i) => (is(i, input.shape) ? 1.5 - 2 * v : v)),
        }
      : input,
  );
  const [after] = evaluateConstants(node, moved);
  const [old, now] = [before!, after!].map(({ data }) => Array.from(data as Float32Array));
  return now!.flatMap((value, i) => (Object.is(value, old![i]) ? [] : [i]));
}

describe("tracking items through operators", () => {
  it("finds each item where a change to it shows, or reports that items are mixed", () => {
    const failures: string[] = [];
    const kept = new Set<string>();
    for (const [at, { op, inputs: given, attributes = {}, tracked = [0] }] of cases().entries()) {
      const names = given.map((_, i) => `in${i}`);
      const node: GraphNode = { name: "node", op, inputs: names, outputs: ["y"], attributes };
      const inputs = given.map((one, i) => ("data" in one ? one : values(one, `x${i}`)));
      if (op === "BatchNormalization") inputs[4] = { ...inputs[4]!, data: new Float32Array(6).fill(2) };
      const known = inferNodes([node], new Map(inputs.map((input, i) => [names[i]!, input])));
      const output = known.get("y")!.shape;
      for (const { position, size } of positionsIn(inputs[tracked[0]!]!.shape)) {
        let found: AxisPosition | undefined;
        try {
          [found] = trackNode(
            node,
            (name) => (tracked.some((i) => names[i] === name) ? position : undefined),
            known,
            size,
          );
        } catch (error) {
          if (!(error instanceof MixedError)) throw error;
          continue;
        }
        kept.add(op);
        const where = `case ${at}: ${op} ${JSON.stringify({ position, size, found, output })}`;
        if (found === undefined || output[found.axis] !== found.outer * size * found.inner) failures.push(where);
        else {
          for (let item = 0; item < size; item++) {
            const changed = changedBy(node, inputs, tracked, (i, shape) => itemAt(i, shape, position, size) === item);
            const others = changed.filter((i) => itemAt(i, output, found, size) !== item);
            if (others.length > 0) failures.push(`${where}: item ${item} shows in elements ${others.slice(0, 5)}`);
          }
        }
      }
    }
    expect(failures).toEqual([]);
    const without = [...coreOperators.keys()].filter((op) => !kept.has(op));
    // The outputs of both depend on shapes only.
    expect(without).toEqual(["ConstantOfShape", "Shape"]);
  });
});
