import { f32 } from "@neft/kernels";
import { type TensorData, zeroData } from "../dtype.js";
import { defineOp } from "../operation.js";
import { axisOf, type Shape, shapeText, sizeOf, stridesOf } from "../shape.js";
import { empty, type Tensor, zeros } from "../tensor.js";
import { type Movement, move, movedTyped, moveTyped, pulledBack } from "./movement.js";

type One = [x: Tensor];

/** A tensor within a concatenation of shape `shape`, at `before` along the axis. */
function placement({ shape: dims }: Tensor, before: number, axis: number, shape: Shape): Movement {
  const strides = stridesOf(shape);
  return { dims, from: { strides: stridesOf(dims), offset: 0 }, to: { strides, offset: before * strides[axis]! } };
}

/** Visits all inputs with their places in the concatenation; there may be many, so the places are summed up on the way. */
function forEachPlaced(
  inputs: readonly Tensor[],
  axis: number,
  shape: Shape,
  visit: (movement: Movement, x: Tensor) => void,
): void {
  let before = 0;
  for (const x of inputs) {
    visit(placement(x, before, axis, shape), x);
    before += x.shape[axis]!;
  }
}

export const concatRow = defineOp<readonly Tensor[], { readonly axis: number }>({
  name: "concat",
  shape: (inputs, { axis }) => {
    const shape = [...inputs[0]!.shape];
    for (const { shape: other } of inputs.slice(1)) {
      if (other.length !== shape.length || other.some((dim, i) => i !== axis && dim !== shape[i])) {
        throw new RangeError(
          `concat: expected shapes equal but along axis ${axis}, got ${shapeText(shape)} and ${shapeText(other)}`,
        );
      }
    }
    shape[axis] = inputs.reduce((sum, x) => sum + x.shape[axis]!, 0);
    return shape;
  },
  forward: (inputs, { axis }, y) => {
    forEachPlaced(inputs, axis, y.shape, (movement, x) => move(movement, x, y));
  },
  vjp: (dy, { inputs, attributes: { axis } }, index) => {
    let before = 0;
    for (let i = 0; i < index; i++) before += inputs[i]!.shape[axis]!;
    const { dims, from, to } = placement(inputs[index]!, before, axis, dy.shape);
    const dx = empty(dims);
    move({ dims, from: to, to: from }, dy, dx);
    return dx;
  },
  keeps: [],
  samples: [
    { inputs: [{ shape: [2, 3] }, { shape: [2, 1] }, { shape: [2, 5] }], attributes: { axis: 1 } },
    { inputs: [{ shape: [1, 3, 2] }, { shape: [2, 3, 2] }], attributes: { axis: 0 } },
    { inputs: [{ shape: [3] }], attributes: { axis: 0 } },
  ],
  typed: (inputs, { axis }, shape) => {
    const to = zeroData(inputs[0]!.dtype, sizeOf(shape));
    forEachPlaced(inputs, axis, shape, (movement, x) => moveTyped(movement, x.values(), to));
    return to;
  },
});

/** Joins tensors along an axis. @throws {RangeError} when other sizes differ. */
export function concat(xs: readonly Tensor[], { axis }: { readonly axis: number }): Tensor {
  if (xs.length === 0) throw new RangeError("concat: expected at least one tensor, got none");
  return concatRow(...xs, { axis: axisOf("concat", axis, xs[0]!.shape.length) });
}

/** One stretch along every axis: first place, step, number of places. */
interface Stretch {
  readonly first: readonly number[];
  readonly step: readonly number[];
  readonly dims: readonly number[];
}

function cut(x: Tensor, { first, step, dims }: Stretch): Movement {
  const strides = stridesOf(x.shape);
  const offset = first.reduce((sum, at, axis) => sum + at * strides[axis]!, 0);
  return {
    dims,
    from: { strides: strides.map((s, i) => s * step[i]!), offset },
    to: { strides: stridesOf(dims), offset: 0 },
  };
}

export const sliceRow = defineOp<One, Stretch>({
  name: "slice",
  shape: (_, { dims }) => [...dims],
  forward: ([x], stretch, y) => move(cut(x, stretch), x, y),
  vjp: [(dy, { inputs: [x], attributes }) => pulledBack(cut(x, attributes), dy, x.shape)],
  keeps: [],
  samples: [
    { inputs: [{ shape: [5, 7] }], attributes: { first: [1, 6], step: [2, -3], dims: [2, 3] } },
    { inputs: [{ shape: [4, 3] }], attributes: { first: [1, 0], step: [1, 1], dims: [2, 3] } },
    { inputs: [{ shape: [4, 3] }], attributes: { first: [0, 0], step: [1, 1], dims: [0, 3] } },
  ],
  typed: ([x], stretch, shape) => movedTyped(cut(x, stretch), x, sizeOf(shape)),
});

/** Slices of axes, as in ONNX. */
export interface SliceAttributes {
  /** First places; negative ones count from the end; out of range ones are moved to the edge. */
  readonly starts: readonly number[];
  /** One beyond the last places, in the direction of the step. */
  readonly ends: readonly number[];
  /** Default 0, 1, …. */
  readonly axes?: readonly number[];
  /** Default 1; negative ones go backwards. */
  readonly steps?: readonly number[];
}

/** x[start:end:step] along the axes named. @throws {RangeError} for a step of 0 or lists of different lengths. */
export function slice(x: Tensor, { starts, ends, axes, steps }: SliceAttributes): Tensor {
  const rank = x.shape.length;
  const [first, step, dims] = [new Array<number>(rank).fill(0), new Array<number>(rank).fill(1), [...x.shape]];
  const lengths = [ends.length, axes?.length ?? starts.length, steps?.length ?? starts.length];
  if (lengths.some((n) => n !== starts.length)) {
    throw new RangeError(
      `slice: expected as many ends, axes and steps as ${starts.length} starts, got ${lengths.join(", ")}`,
    );
  }
  for (const [i, start] of starts.entries()) {
    const axis = axisOf("slice", axes?.[i] ?? i, rank);
    const [size, by] = [x.shape[axis]!, steps?.[i] ?? 1];
    if (by === 0 || !Number.isInteger(by)) throw new RangeError(`slice: expected whole steps other than 0, got ${by}`);
    const bound = (at: number, low: number, high: number) => Math.min(Math.max(at < 0 ? at + size : at, low), high);
    const from = by > 0 ? bound(start, 0, size) : bound(start, -1, size - 1);
    const to = by > 0 ? bound(ends[i]!, 0, size) : bound(ends[i]!, -1, size - 1);
    dims[axis] = Math.max(0, Math.ceil((to - from) / by));
    [first[axis], step[axis]] = [dims[axis] === 0 ? 0 : from, by];
  }
  return sliceRow(x, { first, step, dims });
}

interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** Where x lies in its padded form; negative padding cuts. */
function inset(x: Tensor, { before }: Padding, shape: Shape): Movement {
  const [own, padded] = [stridesOf(x.shape), stridesOf(shape)];
  const skip = before.map((pad) => Math.max(0, -pad));
  const lead = before.map((pad) => Math.max(0, pad));
  const dims = x.shape.map((dim, i) => Math.max(0, Math.min(dim - skip[i]!, shape[i]! - lead[i]!)));
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  return { dims, from: { strides: own, offset: dot(skip, own) }, to: { strides: padded, offset: dot(lead, padded) } };
}

export const padRow = defineOp<One, Padding>({
  name: "pad",
  shape: ([x], { before, after }) => x.shape.map((dim, i) => Math.max(0, dim + before[i]! + after[i]!)),
  forward: ([x], padding, y) => {
    f32(y.ptr, y.size).fill(padding.value);
    move(inset(x, padding, y.shape), x, y);
  },
  vjp: [
    (dy, { inputs: [x], attributes }) => {
      const { dims, from, to } = inset(x, attributes, dy.shape);
      const dx = zeros(x.shape);
      move({ dims, from: to, to: from }, dy, dx);
      return dx;
    },
  ],
  keeps: [],
  samples: [
    { inputs: [{ shape: [2, 3] }], attributes: { before: [1, 0], after: [0, 2], value: 1.5 } },
    { inputs: [{ shape: [4, 5] }], attributes: { before: [-1, 2], after: [0, -3], value: 0 } },
  ],
  typed: ([x], padding, shape): TensorData => {
    const to = zeroData(x.dtype, sizeOf(shape));
    to.fill((x.dtype === "i64" ? BigInt(padding.value) : padding.value) as never);
    moveTyped(inset(x, padding, shape), x.values(), to);
    return to;
  },
});

/** Constant padding: `pads` in ONNX order, all befores then all afters, one an axis; negative ones cut. */
export interface PadAttributes {
  readonly pads: readonly number[];
  /** Default 0. */
  readonly value?: number;
}

/** x with a border of `value`. @throws {RangeError} when `pads` doesn't hold two whole numbers an axis. */
export function pad(x: Tensor, { pads, value = 0 }: PadAttributes): Tensor {
  const rank = x.shape.length;
  if (pads.length !== 2 * rank || !pads.every(Number.isInteger)) {
    throw new RangeError(`pad: expected ${2 * rank} whole numbers for rank ${rank}, got [${pads.join(", ")}]`);
  }
  return padRow(x, { before: pads.slice(0, rank), after: pads.slice(rank), value });
}
