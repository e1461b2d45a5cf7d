import { f32 } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { empty, type Tensor } from "../tensor.js";
import { type AxisTable, axisTable, type Term } from "./axis-table.js";

/** Attributes of {@link planeTableOp}: a table for each block, and the image that it reads. */
interface PlaneTables {
  /** Table of each block: over the pixels of an image. */
  readonly tables: readonly AxisTable[];
  /** Index of each block's image. */
  readonly images: readonly number[];
  /** Number of results of a table. */
  readonly results: number;
}

/** Calls `visit` with every term: its position in x, that in y, and its weight. */
function eachTerm(
  x: Tensor,
  { tables, images, results }: PlaneTables,
  visit: (from: number, to: number, weight: number) => void,
): void {
  const [, channels, pixels] = x.shape as [number, number, number];
  for (const [block, { starts, positions, weights }] of tables.entries()) {
    for (let c = 0; c < channels; c++) {
      const [from, to] = [(images[block]! * channels + c) * pixels, (block * channels + c) * results];
      for (let r = 0; r < results; r++) {
        for (let j = starts[r]!; j < starts[r + 1]!; j++) visit(from + positions[j]!, to + r, weights[j]!);
      }
    }
  }
}

const exampleTables: readonly (readonly (readonly Term[])[])[] = [
  [
    [{ position: 2, weight: 0.5 }],
    [
      { position: 0, weight: 2 },
      { position: 2, weight: -1 },
    ],
  ],
  [[], [{ position: 1, weight: 1 }]],
  [[{ position: 0, weight: 3 }], []],
];

/** Weighted sums of pixels: x [images, channels, pixels] → y [blocks, channels, results]. Sums are kept in f64 and rounded once. */
export const planeTableOp = defineOp<[x: Tensor], PlaneTables>({
  name: "planeTable",
  shape: ([x], { tables, results }) => [tables.length, x.shape[1]!, results],
  forward: ([x], attributes, y) => {
    const sums = new Float64Array(y.size);
    const from = f32(x.ptr, x.size);
    eachTerm(x, attributes, (position, to, weight) => {
      sums[to]! += weight * from[position]!;
    });
    f32(y.ptr, y.size).set(sums);
  },
  vjp: [
    (dy, { inputs: [x], attributes }) => {
      const dx = empty(x.shape);
      const sums = new Float64Array(x.size);
      const from = f32(dy.ptr, dy.size);
      eachTerm(x, attributes, (position, to, weight) => {
        sums[position]! += weight * from[to]!;
      });
      f32(dx.ptr, dx.size).set(sums);
      return dx;
    },
  ],
  keeps: [],
  examples: [
    {
      inputs: [{ shape: [2, 2, 3] }],
      attributes: {
        images: [1, 0, 1],
        results: 2,
        tables: exampleTables.map((rows) => axisTable(3, rows.length, (r) => rows[r]!)),
      },
    },
  ],
});
