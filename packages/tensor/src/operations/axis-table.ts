import { f32 } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { splitAt } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";
import { gatherOp } from "./indexing.js";

/** A sparse linear map along one axis: element o of the result is the sum of weights[j]·x[positions[j]] for j in starts[o] … starts[o + 1]. */
export interface AxisTable {
  /** Size of the axis in x. */
  readonly size: number;
  /** One more than the result has elements along the axis. */
  readonly starts: Int32Array;
  readonly positions: Int32Array;
  readonly weights: Float64Array;
}

/** One term of an element of the result. */
export interface Term {
  readonly position: number;
  readonly weight: number;
}

/** Maximum number of terms of a table. An attribute that asks for more is corrupt or malicious. */
const maxTerms = 2 ** 26;

/**
 * A table of `count` elements; terms of weight 0 are dropped.
 *
 * @param termsOf  Terms of an element.
 * @throws {RangeError} for more than 2²⁶ terms.
 */
export function axisTable(size: number, count: number, termsOf: (element: number) => Iterable<Term>): AxisTable {
  const starts = new Int32Array(count + 1);
  const positions: number[] = [];
  const weights: number[] = [];
  for (let o = 0; o < count; o++) {
    for (const { position, weight } of termsOf(o)) {
      if (weight === 0) continue;
      positions.push(position);
      weights.push(weight);
    }
    starts[o + 1] = positions.length;
    if (positions.length > maxTerms) {
      throw new RangeError(`expected at most ${maxTerms} terms of sums along an axis, got more; use smaller windows`);
    }
  }
  return { size, starts, positions: Int32Array.from(positions), weights: Float64Array.from(weights) };
}

/** The table of the transposed map. */
function transposed({ size, starts, positions, weights }: AxisTable): AxisTable {
  const next = new Int32Array(size + 1);
  for (const position of positions) next[position + 1]!++;
  for (let p = 0; p < size; p++) next[p + 1]! += next[p]!;
  const ends = next.slice();
  const [sources, factors] = [new Int32Array(positions.length), new Float64Array(positions.length)];
  for (let o = 0; o + 1 < starts.length; o++) {
    for (let j = starts[o]!; j < starts[o + 1]!; j++) {
      const at = next[positions[j]!]!++;
      sources[at] = o;
      factors[at] = weights[j]!;
    }
  }
  return { size: starts.length - 1, starts: ends, positions: sources, weights: factors };
}

/** Whether each element of the result is one of x. */
const isSelection = ({ starts, weights }: AxisTable): boolean =>
  weights.every((weight) => weight === 1) && starts.every((start, o) => start === o);

/** Applies a table along an axis. Each sum is kept in f64, in the order of its terms, and rounded once. */
function apply(x: Tensor, axis: number, { starts, positions, weights }: AxisTable, y: Tensor): void {
  const [outer, size, inner] = splitAt(x.shape, axis);
  const results = starts.length - 1;
  const [from, to] = [f32(x.ptr, x.size), f32(y.ptr, y.size)];
  for (let o = 0; o < outer; o++) {
    for (let r = 0; r < results; r++) {
      const [first, last] = [starts[r]!, starts[r + 1]!];
      const start = (o * results + r) * inner;
      for (let i = 0; i < inner; i++) {
        let sum = 0;
        for (let j = first; j < last; j++) sum += weights[j]! * from[(o * size + positions[j]!) * inner + i]!;
        to[start + i] = sum;
      }
    }
  }
}

const exampleRows: readonly (readonly Term[])[] = [
  [
    { position: 2, weight: 0.5 },
    { position: 0, weight: -2 },
  ],
  [],
  [{ position: 2, weight: 1 }],
  [{ position: 1, weight: 3 }],
];

/** The operation of {@link mapAxis}, along an axis ≥ 0. */
export const axisTableOp = defineOp<[x: Tensor], { readonly axis: number; readonly table: AxisTable }>({
  name: "axisTable",
  shape: ([x], { axis, table }) => {
    if (x.shape[axis] !== table.size) {
      throw new RangeError(`axisTable: expected an axis of size ${table.size}, got ${x.shape[axis]}`);
    }
    return x.shape.map((dim, i) => (i === axis ? table.starts.length - 1 : dim));
  },
  forward: ([x], { axis, table }, y) => apply(x, axis, table, y),
  vjp: [
    (dy, { inputs: [x], attributes: { axis, table } }) => {
      const dx = empty(x.shape);
      apply(dy, axis, transposed(table), dx);
      return dx;
    },
  ],
  keeps: [],
  examples: [0, 1].map((axis) => ({
    inputs: [{ shape: axis === 0 ? [3, 4] : [2, 3] }],
    attributes: { axis, table: axisTable(3, exampleRows.length, (o) => exampleRows[o]!) },
  })),
});

/** Applies a sparse linear map along an axis ≥ 0. */
export function mapAxis(x: Tensor, axis: number, table: AxisTable): Tensor {
  if (!isSelection(table)) return axisTableOp(x, { axis, table });
  return gatherOp(x, { indices: table.positions, shape: [table.positions.length], axis });
}
