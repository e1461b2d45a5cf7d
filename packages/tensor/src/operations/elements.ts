import { f32 } from "@neft/kernels";
import { defineOp, type Operation } from "../operation.js";
import { type Shape, shapeText, sizeOf } from "../shape.js";
import { empty, type Tensor, zeros } from "../tensor.js";
import { type Positions, type ScatterReduction, scatterValues } from "./element-positions.js";

/** y[i] = x[positions[i]], elements in row-major order. */
function take(x: Tensor, positions: Int32Array, y: Tensor): void {
  const [from, to] = [f32(x.ptr, x.size), f32(y.ptr, y.size)];
  for (let i = 0; i < positions.length; i++) {
    const position = positions[i]!;
    to[i] = position < 0 ? 0 : from[position]!;
  }
}

/** y[positions[i]] += x[i]. The sum of each element is rounded once: it is kept in f64. */
function put(x: Tensor, positions: Int32Array, y: Tensor): void {
  const sums = new Float64Array(y.size);
  const from = f32(x.ptr, x.size);
  for (let i = 0; i < positions.length; i++) if (positions[i]! >= 0) sums[positions[i]!]! += from[i]!;
  f32(y.ptr, y.size).set(sums);
}

/**
 * y[i] = x[positions[i]] for elements in row-major order; 0 where a position is −1. Positions must lie in x: they come from functions that
 * check them.
 */
export const takeElements: Operation<[x: Tensor], Positions> = defineOp<[x: Tensor], Positions>({
  name: "takeElements",
  shape: (_, { shape }) => [...shape],
  forward: ([x], { positions }, y) => take(x, positions, y),
  vjp: [(dy, { inputs: [x], attributes: { positions } }) => putElements(dy, { positions, shape: x.shape })],
  keeps: [],
  examples: [
    { inputs: [{ shape: [2, 3] }], attributes: { shape: [2, 2], positions: Int32Array.of(4, 0, -1, 4) } },
    { inputs: [{ shape: [3] }], attributes: { shape: [0], positions: new Int32Array(0) } },
  ],
});

/** The gradient of {@link takeElements}: y[positions[i]] is the sum of these x[i], and 0 where there is none. `shape`: of y. */
export const putElements: Operation<[x: Tensor], Positions> = defineOp<[x: Tensor], Positions>({
  name: "putElements",
  shape: (_, { shape }) => [...shape],
  forward: ([x], { positions }, y) => put(x, positions, y),
  vjp: [(dy, { inputs: [x], attributes: { positions } }) => takeElements(dy, { positions, shape: x.shape })],
  keeps: [],
  examples: [{ inputs: [{ shape: [2, 2] }], attributes: { shape: [5], positions: Int32Array.of(3, 1, -1, 3) } }],
});

/** Attributes of {@link scatterOp}. */
interface ScatterAttributes {
  /** Position in the data of each update. */
  readonly positions: Int32Array;
  readonly reduction: ScatterReduction;
}

type Pair = [data: Tensor, updates: Tensor];

/**
 * Factor of dy in the gradient by each element of the data and each update. y of an element is the last update ("none"), the sum, the
 * product, or the smallest or largest of its value and its updates, of which the first one counts.
 */
function factors(
  [data, updates]: Pair,
  output: Tensor,
  { positions, reduction }: ScatterAttributes,
): [data: Float64Array, updates: Float64Array] {
  const [byData, byUpdate] = [new Float64Array(data.size).fill(1), new Float64Array(updates.size).fill(1)];
  if (reduction === "none") {
    const last = new Int32Array(data.size).fill(-1);
    for (let i = 0; i < positions.length; i++) last[positions[i]!] = i;
    for (let i = 0; i < positions.length; i++) byUpdate[i] = Number(last[positions[i]!] === i);
    for (const position of positions) byData[position] = 0;
  } else if (reduction === "mul") {
    // The product of all other factors: by prefix products from both ends.
    const [before, updated] = [f32(data.ptr, data.size), f32(updates.ptr, updates.size)];
    const prefix = Float64Array.from(before);
    for (let i = 0; i < positions.length; i++) {
      byUpdate[i] = prefix[positions[i]!]!;
      prefix[positions[i]!]! *= updated[i]!;
    }
    for (let i = positions.length - 1; i >= 0; i--) {
      byUpdate[i]! *= byData[positions[i]!]!;
      byData[positions[i]!]! *= updated[i]!;
    }
  } else if (reduction !== "add") {
    const [before, updated, y] = [data, updates, output].map((t) => f32(t.ptr, t.size)) as [
      Float32Array,
      Float32Array,
      Float32Array,
    ];
    for (let i = 0; i < before.length; i++) byData[i] = Number(before[i] === y[i]);
    const isTaken = Uint8Array.from(byData);
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i]!;
      byUpdate[i] = Number(isTaken[position] === 0 && updated[i] === y[position]);
      isTaken[position]! |= byUpdate[i]!;
    }
  }
  return [byData, byUpdate];
}

/** Combines updates into a copy of the data, in order. Positions must lie in the data. */
export const scatterOp = defineOp<Pair, ScatterAttributes>({
  name: "scatter",
  shape: ([data, updates], { positions }) => {
    if (updates.size !== positions.length) {
      throw new RangeError(`scatter: expected ${positions.length} updates, got ${shapeText(updates.shape)}`);
    }
    return [...data.shape];
  },
  forward: ([data, updates], { positions, reduction }, y) => {
    const result = Float64Array.from(f32(data.ptr, data.size));
    scatterValues(result, positions, f32(updates.ptr, updates.size), reduction);
    f32(y.ptr, y.size).set(result);
  },
  vjp: [
    (dy, { inputs, output, attributes }) => {
      const [factor] = factors(inputs, output, attributes);
      const dx = empty(dy.shape);
      const [from, to] = [f32(dy.ptr, dy.size), f32(dx.ptr, dx.size)];
      for (let i = 0; i < to.length; i++) to[i] = from[i]! * factor[i]!;
      return dx;
    },
    (dy, { inputs, output, attributes }) => {
      const [, factor] = factors(inputs, output, attributes);
      const du = empty(inputs[1].shape);
      const [from, to] = [f32(dy.ptr, dy.size), f32(du.ptr, du.size)];
      for (let i = 0; i < to.length; i++) to[i] = from[attributes.positions[i]!]! * factor[i]!;
      return du;
    },
  ],
  keeps: ({ reduction }) =>
    reduction === "mul" ? [0, 1] : reduction === "none" || reduction === "add" ? [] : [0, 1, "output"],
  examples: (["none", "add", "mul", "min", "max"] as const).map((reduction) => ({
    inputs: [
      { shape: [2, 3], values: "separated" },
      { shape: [4], values: "separated" },
    ],
    attributes: { positions: Int32Array.of(4, 0, 4, 5), reduction },
  })),
});

/** A tensor of zeros with the elements of x at positions; of several at one position, the last one stays. */
export function placeElements(x: Tensor, positions: Int32Array, shape: Shape): Tensor {
  if (sizeOf(shape) === 0) return zeros(shape);
  return scatterOp(zeros(shape), x, { positions, reduction: "none" });
}
