import { f32, wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { axisOf, clampPosition, type Shape, shapeText, splitAt, stridesOf } from "../shape.js";
import { empty, Tensor, zeros } from "../tensor.js";
import { copyGradient, copyStrided, type StridedCopy } from "./strided-copy.js";

type One = [x: Tensor];

/** The copy of a tensor into a concatenation of shape `shape`, at `position` along the axis. */
function concatCopy({ shape: dims }: Tensor, position: number, axis: number, shape: Shape): StridedCopy {
  const strides = stridesOf(shape);
  return { dims, from: { strides: stridesOf(dims), offset: 0 }, to: { strides, offset: position * strides[axis]! } };
}

/** The operation of {@link concat}, along an axis ≥ 0. */
export const concatOp = defineOp<readonly Tensor[], { readonly axis: number }>({
  name: "concat",
  shape: (inputs, { axis }) => {
    const shape = [...inputs[0]!.shape];
    for (const { shape: other } of inputs.slice(1)) {
      if (other.length !== shape.length || other.some((dim, i) => i !== axis && dim !== shape[i])) {
        throw new RangeError(
          `concat: expected shapes that are equal except along axis ${axis}, got ${shapeText(shape)} and ${shapeText(other)}`,
        );
      }
    }
    shape[axis] = inputs.reduce((sum, x) => sum + x.shape[axis]!, 0);
    return shape;
  },
  forward: (inputs, { axis }, y) => {
    let position = 0;
    for (const x of inputs) {
      copyStrided(concatCopy(x, position, axis, y.shape), x, y);
      position += x.shape[axis]!;
    }
  },
  vjp: (dy, { inputs, attributes: { axis } }, index) => {
    let position = 0;
    for (let i = 0; i < index; i++) position += inputs[i]!.shape[axis]!;
    const { dims, from, to } = concatCopy(inputs[index]!, position, axis, dy.shape);
    const dx = empty(dims);
    copyStrided({ dims, from: to, to: from }, dy, dx);
    return dx;
  },
  keeps: [],
  examples: [
    { inputs: [{ shape: [2, 3] }, { shape: [2, 1] }, { shape: [2, 5] }], attributes: { axis: 1 } },
    { inputs: [{ shape: [1, 3, 2] }, { shape: [2, 3, 2] }], attributes: { axis: 0 } },
    { inputs: [{ shape: [3] }], attributes: { axis: 0 } },
  ],
});

/**
 * Concatenates tensors along an axis; negative axes count from the end.
 *
 * @throws {RangeError} for an empty list, or when sizes along other axes differ.
 */
export function concat(xs: readonly Tensor[], { axis }: { readonly axis: number }): Tensor {
  if (xs.length === 0) throw new RangeError("concat: expected at least one tensor, got none");
  return concatOp(...xs, { axis: axisOf("concat", axis, xs[0]!.shape.length) });
}

/** A slice resolved for one shape. Each list has one number per axis. */
export interface SliceRange {
  /** Position of the first element. */
  readonly begins: readonly number[];
  /** Distance between elements; negative to go backwards. */
  readonly steps: readonly number[];
  /** Number of elements. */
  readonly sizes: readonly number[];
}

/** The copy of a slice of x to a contiguous tensor. */
function sliceCopy(x: Tensor, { begins, steps, sizes }: SliceRange): StridedCopy {
  const strides = stridesOf(x.shape);
  const offset = begins.reduce((sum, begin, axis) => sum + begin * strides[axis]!, 0);
  return {
    dims: sizes,
    from: { strides: strides.map((stride, axis) => stride * steps[axis]!), offset },
    to: { strides: stridesOf(sizes), offset: 0 },
  };
}

/** The operation of {@link slice}, for a resolved slice. */
export const sliceOp = defineOp<One, SliceRange>({
  name: "slice",
  shape: (_, { sizes }) => [...sizes],
  forward: ([x], range, y) => copyStrided(sliceCopy(x, range), x, y),
  vjp: [(dy, { inputs: [x], attributes }) => copyGradient(sliceCopy(x, attributes), dy, x.shape)],
  keeps: [],
  examples: [
    { inputs: [{ shape: [5, 7] }], attributes: { begins: [1, 6], steps: [2, -3], sizes: [2, 3] } },
    { inputs: [{ shape: [4, 3] }], attributes: { begins: [1, 0], steps: [1, 1], sizes: [2, 3] } },
    { inputs: [{ shape: [4, 3] }], attributes: { begins: [0, 0], steps: [1, 1], sizes: [0, 3] } },
  ],
});

/** Attributes of {@link slice}, as in ONNX. Each list has one number per sliced axis. */
export interface SliceAttributes {
  /** First positions. Negative ones count from the end; positions out of range are clamped. */
  readonly starts: readonly number[];
  /** End positions, exclusive, in the direction of the step. Resolved as `starts`. */
  readonly ends: readonly number[];
  /** Sliced axes. Default: 0, 1, …. */
  readonly axes?: readonly number[];
  /** Steps; negative to go backwards. Default: 1. */
  readonly steps?: readonly number[];
}

/**
 * Resolves a slice for an input of shape `shape`.
 *
 * With a positive step, starts and ends are clamped to [0, size]; with a negative one, starts to [0, size − 1] and ends to
 * [−1, size − 1].
 *
 * @throws {RangeError} when a step is 0, a number is not whole, an axis is out of range or repeated, or the lists differ in length.
 */
export function sliceRange(shape: Shape, { starts, ends, axes, steps }: SliceAttributes): SliceRange {
  const lengths = [ends.length, axes?.length ?? starts.length, steps?.length ?? starts.length];
  if (lengths.some((n) => n !== starts.length)) {
    throw new RangeError(
      `slice: expected ${starts.length} ends, axes and steps, one for each start, got ${lengths.join(", ")}`,
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
      throw new RangeError(`slice: expected steps that are whole numbers other than 0, got ${step}`);
    const begin = clampPosition(starts[i]!, size, 0, step > 0 ? size : size - 1);
    const end = step > 0 ? clampPosition(ends[i]!, size) : clampPosition(ends[i]!, size, -1, size - 1);
    range.sizes[axis] = Math.max(0, Math.ceil((end - begin) / step));
    range.begins[axis] = range.sizes[axis] === 0 ? 0 : begin;
    // A slice of one element takes no step; the step may be larger than any distance in memory.
    range.steps[axis] = range.sizes[axis]! > 1 ? step : 1;
  }
  return range;
}

/** y = x[start:end:step] along the given axes. @throws {RangeError} as {@link sliceRange}. */
export function slice(x: Tensor, attributes: SliceAttributes): Tensor {
  return sliceOp(x, sliceRange(x.shape, attributes));
}

/** Attributes of the operation of {@link gather}. */
interface GatherAttributes {
  /** Positions along the axis, ≥ 0. */
  readonly indices: Int32Array;
  /** Shape of the indices. */
  readonly shape: Shape;
  readonly axis: number;
}

/** The operation of {@link gather}, with resolved indices. */
export const gatherOp = defineOp<[x: Tensor], GatherAttributes>({
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
  examples: [
    { inputs: [{ shape: [5, 3] }], attributes: { indices: Int32Array.of(4, 0, 4, 2), shape: [2, 2], axis: 0 } },
    { inputs: [{ shape: [2, 4, 3] }], attributes: { indices: Int32Array.of(1), shape: [], axis: 1 } },
  ],
});

/**
 * Takes elements of x along an axis. In the shape of y, the shape of the indices replaces the axis.
 *
 * @param indices  i64 or i32, or a list, which counts as one axis. Negative indices count from the end.
 * @param axis     Default: 0.
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
  const positions = Int32Array.from(list, (index) => {
    if (!Number.isInteger(index) || index < -size || index >= size) {
      throw new RangeError(`gather: expected indices from ${-size} to ${size - 1}, got ${index}`);
    }
    return index < 0 ? index + size : index;
  });
  const shape = indices instanceof Tensor ? indices.shape : [list.length];
  return gatherOp(x, { indices: positions, shape, axis: at });
}

/** Padding of each axis; negative numbers crop. */
interface PadAmounts {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** The copy of x into the padded tensor of shape `shape`. */
function padCopy(x: Tensor, { before }: PadAmounts, shape: Shape): StridedCopy {
  const [strides, padded] = [stridesOf(x.shape), stridesOf(shape)];
  const skip = before.map((pad) => Math.max(0, -pad));
  const lead = before.map((pad) => Math.max(0, pad));
  const dims = x.shape.map((dim, i) => Math.max(0, Math.min(dim - skip[i]!, shape[i]! - lead[i]!)));
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, v, i) => sum + v * b[i]!, 0);
  return { dims, from: { strides, offset: dot(skip, strides) }, to: { strides: padded, offset: dot(lead, padded) } };
}

/** The operation of {@link pad}. */
export const padOp = defineOp<One, PadAmounts>({
  name: "pad",
  shape: ([x], { before, after }) => x.shape.map((dim, i) => Math.max(0, dim + before[i]! + after[i]!)),
  forward: ([x], padding, y) => {
    f32(y.ptr, y.size).fill(padding.value);
    copyStrided(padCopy(x, padding, y.shape), x, y);
  },
  vjp: [
    (dy, { inputs: [x], attributes }) => {
      const { dims, from, to } = padCopy(x, attributes, dy.shape);
      const dx = zeros(x.shape);
      copyStrided({ dims, from: to, to: from }, dy, dx);
      return dx;
    },
  ],
  keeps: [],
  examples: [
    { inputs: [{ shape: [2, 3] }], attributes: { before: [1, 0], after: [0, 2], value: 1.5 } },
    { inputs: [{ shape: [4, 5] }], attributes: { before: [-1, 2], after: [0, -3], value: 0 } },
  ],
});

/** Attributes of {@link pad}. */
export interface PadAttributes {
  /** Number of elements added before each axis, then after each axis, as in ONNX; negative numbers crop. */
  readonly pads: readonly number[];
  /** Value of the added elements. Default: 0. */
  readonly value?: number;
}

/** Pads x with a constant. @throws {RangeError} unless `pads` holds two whole numbers for each axis. */
export function pad(x: Tensor, { pads, value = 0 }: PadAttributes): Tensor {
  const rank = x.shape.length;
  if (pads.length !== 2 * rank || !pads.every(Number.isInteger)) {
    throw new RangeError(`pad: expected ${2 * rank} whole numbers for rank ${rank}, got [${pads.join(", ")}]`);
  }
  return padOp(x, { before: pads.slice(0, rank), after: pads.slice(rank), value });
}
