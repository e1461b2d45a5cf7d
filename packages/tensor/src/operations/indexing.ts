import { f32, wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { axisOf, clampPosition, type Shape, shapeText, splitAt, stridesOf } from "../shape.js";
import { empty, Tensor, zeros } from "../tensor.js";
import { type Movement, move, pulledBack } from "./movement.js";

type One = [x: Tensor];

/** The copy of a tensor to its place in a concatenation of shape `shape`, `before` elements along the axis. */
function placement({ shape: dims }: Tensor, before: number, axis: number, shape: Shape): Movement {
  const strides = stridesOf(shape);
  return { dims, from: { strides: stridesOf(dims), offset: 0 }, to: { strides, offset: before * strides[axis]! } };
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
    let before = 0;
    for (const x of inputs) {
      move(placement(x, before, axis, y.shape), x, y);
      before += x.shape[axis]!;
    }
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
});

/** Joins tensors along an axis, negative ones counted from the end. @throws {RangeError} when other sizes differ. */
export function concat(xs: readonly Tensor[], { axis }: { readonly axis: number }): Tensor {
  if (xs.length === 0) throw new RangeError("concat: expected at least one tensor, got none");
  return concatRow(...xs, { axis: axisOf("concat", axis, xs[0]!.shape.length) });
}

/** A slice resolved for one shape: where it begins, its step and its size along every axis. */
export interface SliceRange {
  readonly begins: readonly number[];
  /** In elements along the axis; negative ones go backwards. */
  readonly steps: readonly number[];
  readonly sizes: readonly number[];
}

function cut(x: Tensor, { begins, steps, sizes }: SliceRange): Movement {
  const strides = stridesOf(x.shape);
  const offset = begins.reduce((sum, begin, axis) => sum + begin * strides[axis]!, 0);
  return {
    dims: sizes,
    from: { strides: strides.map((stride, axis) => stride * steps[axis]!), offset },
    to: { strides: stridesOf(sizes), offset: 0 },
  };
}

export const sliceRow = defineOp<One, SliceRange>({
  name: "slice",
  shape: (_, { sizes }) => [...sizes],
  forward: ([x], range, y) => move(cut(x, range), x, y),
  vjp: [(dy, { inputs: [x], attributes }) => pulledBack(cut(x, attributes), dy, x.shape)],
  keeps: [],
  samples: [
    { inputs: [{ shape: [5, 7] }], attributes: { begins: [1, 6], steps: [2, -3], sizes: [2, 3] } },
    { inputs: [{ shape: [4, 3] }], attributes: { begins: [1, 0], steps: [1, 1], sizes: [2, 3] } },
    { inputs: [{ shape: [4, 3] }], attributes: { begins: [0, 0], steps: [1, 1], sizes: [0, 3] } },
  ],
});

/** Slices of axes, as in ONNX. */
export interface SliceAttributes {
  /** First positions; negative ones count from the end; those out of range are clamped. */
  readonly starts: readonly number[];
  /** One past the last positions, in the direction of the step. */
  readonly ends: readonly number[];
  /** Default: 0, 1, …. */
  readonly axes?: readonly number[];
  /** Default: 1; negative ones go backwards. */
  readonly steps?: readonly number[];
}

/**
 * Resolves a slice for an input of shape `shape`.
 *
 * With a positive step, starts and ends are clamped to [0, size]; with a negative one, starts to [0, size − 1] and ends to
 * [−1, size − 1].
 *
 * @throws {RangeError} for a step of 0, numbers that aren't whole, an axis out of range or given twice, or lists of different lengths.
 */
export function sliceRange(shape: Shape, { starts, ends, axes, steps }: SliceAttributes): SliceRange {
  const lengths = [ends.length, axes?.length ?? starts.length, steps?.length ?? starts.length];
  if (lengths.some((n) => n !== starts.length)) {
    throw new RangeError(
      `slice: expected as many ends, axes and steps as ${starts.length} starts, got ${lengths.join(", ")}`,
    );
  }
  if (![...starts, ...ends].every(Number.isInteger)) {
    throw new RangeError(`slice: expected whole starts and ends, got [${starts.join(", ")}] and [${ends.join(", ")}]`);
  }
  const chosen = starts.map((_, i) => axisOf("slice", axes?.[i] ?? i, shape.length));
  if (new Set(chosen).size < chosen.length) {
    throw new RangeError(`slice: expected each axis once, got [${axes?.join(", ")}]`);
  }
  const range = { begins: shape.map(() => 0), steps: shape.map(() => 1), sizes: [...shape] };
  for (const [i, axis] of chosen.entries()) {
    const [size, step] = [shape[axis]!, steps?.[i] ?? 1];
    if (step === 0 || !Number.isInteger(step))
      throw new RangeError(`slice: expected whole steps other than 0, got ${step}`);
    const begin = clampPosition(starts[i]!, size, 0, step > 0 ? size : size - 1);
    const end = step > 0 ? clampPosition(ends[i]!, size) : clampPosition(ends[i]!, size, -1, size - 1);
    range.sizes[axis] = Math.max(0, Math.ceil((end - begin) / step));
    range.begins[axis] = range.sizes[axis] === 0 ? 0 : begin;
    // A slice of one element takes no step; the step may be larger than any distance in memory.
    range.steps[axis] = range.sizes[axis]! > 1 ? step : 1;
  }
  return range;
}

/** x[start:end:step] along the given axes. @throws {RangeError} as {@link sliceRange}. */
export function slice(x: Tensor, attributes: SliceAttributes): Tensor {
  return sliceRow(x, sliceRange(x.shape, attributes));
}

interface Picks {
  readonly indices: Int32Array;
  readonly shape: Shape;
  readonly axis: number;
}

export const gatherRow = defineOp<[x: Tensor], Picks>({
  name: "gather",
  shape: ([x], { shape, axis }) => [...x.shape.slice(0, axis), ...shape, ...x.shape.slice(axis + 1)],
  forward: ([x], { indices, axis }, y) => wasm().gather(x.ptr, y.ptr, indices, ...splitAt(x.shape, axis)),
  vjp: [
    (dy, { inputs: [x], attributes: { indices, axis } }) => {
      const dx = zeros(x.shape);
      wasm().scatterAdd(dy.ptr, dx.ptr, indices, ...splitAt(x.shape, axis));
      return dx;
    },
  ],
  keeps: [],
  samples: [
    { inputs: [{ shape: [5, 3] }], attributes: { indices: Int32Array.of(4, 0, 4, 2), shape: [2, 2], axis: 0 } },
    { inputs: [{ shape: [2, 4, 3] }], attributes: { indices: Int32Array.of(1), shape: [], axis: 1 } },
  ],
});

/**
 * y = x taken along `axis` (default: 0) at integer indices, negative ones counted from the end. The shape of the indices takes the
 * axis' place in the shape of y; a plain list has one axis.
 *
 * @throws {RangeError} for an index outside the axis.
 * @throws {TypeError} for indices other than i64 or i32.
 */
export function gather(
  x: Tensor,
  indices: Tensor | readonly number[],
  { axis = 0 }: { readonly axis?: number } = {},
): Tensor {
  const at = axisOf("gather", axis, x.shape.length);
  const size = x.shape[at]!;
  if (indices instanceof Tensor && indices.dtype !== "i64" && indices.dtype !== "i32") {
    throw new TypeError(`gather: expected i64 or i32 indices, got ${indices.dtype}`);
  }
  const list = indices instanceof Tensor ? indices.numbers() : indices;
  const picks = Int32Array.from(list, (index) => {
    if (!Number.isInteger(index) || index < -size || index >= size) {
      throw new RangeError(`gather: expected indices from ${-size} to ${size - 1}, got ${index}`);
    }
    return index < 0 ? index + size : index;
  });
  const shape = indices instanceof Tensor ? indices.shape : [list.length];
  return gatherRow(x, { indices: picks, shape, axis: at });
}

interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** The copy of x into its padded form; negative padding crops. */
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
});

/** Constant padding. */
export interface PadAttributes {
  /** Elements added before each axis, then after each axis, as in ONNX; negative ones crop. */
  readonly pads: readonly number[];
  /** Default: 0. */
  readonly value?: number;
}

/** x padded with `value`. @throws {RangeError} unless `pads` holds two whole numbers for each axis. */
export function pad(x: Tensor, { pads, value = 0 }: PadAttributes): Tensor {
  const rank = x.shape.length;
  if (pads.length !== 2 * rank || !pads.every(Number.isInteger)) {
    throw new RangeError(`pad: expected ${2 * rank} whole numbers for rank ${rank}, got [${pads.join(", ")}]`);
  }
  return padRow(x, { before: pads.slice(0, rank), after: pads.slice(rank), value });
}
