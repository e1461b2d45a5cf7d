import { type Reduction, reductionCode, wasm } from "@neft/kernels";
import { defineOp, type ExampleInput, type Kept, type Operation } from "../operation.js";
import { axisOf, splitAt } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";
import { abs, log, neg, square } from "./elementwise.js";
import { reshape } from "./layout.js";

/** Consecutive axes to reduce. */
interface AxisRange {
  /** First axis. */
  readonly axis: number;
  readonly count: number;
  /** Keep the reduced axes with size 1. */
  readonly keepDims: boolean;
}

type One = [x: Tensor];

const exampleRanges: readonly { shape: number[]; range: AxisRange }[] = [
  { shape: [3, 5], range: { axis: 0, count: 2, keepDims: false } },
  { shape: [3, 17], range: { axis: 1, count: 1, keepDims: true } },
  { shape: [2, 5, 3], range: { axis: 1, count: 1, keepDims: false } },
  { shape: [5, 2, 3], range: { axis: 0, count: 2, keepDims: true } },
];

/** A row of the table of reductions. */
interface Definition {
  readonly name: string;
  readonly reduction: Reduction;
  /** What the gradient reads. Default: nothing. */
  readonly keeps?: Kept;
  /** Values of the example inputs. Default: "normal". */
  readonly values?: NonNullable<ExampleInput["values"]>;
  /** Returns dx. */
  readonly gradient: (dy: Tensor, x: Tensor, y: Tensor, range: AxisRange) => Tensor;
}

/** Makes a reduction over consecutive axes. */
function reductionOp({
  name,
  reduction,
  keeps = [],
  values = "normal",
  gradient,
}: Definition): Operation<One, AxisRange> {
  return defineOp<One, AxisRange>({
    name,
    shape: ([x], { axis, count, keepDims }) => {
      const between = keepDims ? new Array<number>(count).fill(1) : [];
      return [...x.shape.slice(0, axis), ...between, ...x.shape.slice(axis + count)];
    },
    forward: ([x], { axis, count }, y) =>
      wasm().reduce(reductionCode[reduction], x.ptr, y.ptr, ...splitAt(x.shape, axis, count)),
    vjp: [(dy, { inputs: [x], output, attributes }) => gradient(dy, x, output, attributes)],
    keeps,
    examples: exampleRanges.map(({ shape, range }) => ({ inputs: [{ shape, values }], attributes: range })),
  });
}

/** Gradient of a sum or mean: dy broadcast along the reduced axes, divided by their size for a mean. */
function spread(dy: Tensor, x: Tensor, { axis, count }: AxisRange, isMean: boolean): Tensor {
  const dx = empty(x.shape);
  const [outer, len, inner] = splitAt(x.shape, axis, count);
  wasm().spread(dy.ptr, dx.ptr, outer, len, inner, isMean ? 1 / len : 1);
  return dx;
}

/** Gradient of a norm or a log-sum of exponentials: dy, broadcast along the reduced axes, times the slope. */
function scaled(reduction: "norm" | "logSumExp"): Definition["gradient"] {
  return (dy, x, y, range) => {
    const dx = spread(dy, x, range, false);
    const sizes = splitAt(x.shape, range.axis, range.count);
    wasm().scaleBySlopes(reductionCode[reduction], x.ptr, y.ptr, dx.ptr, ...sizes);
    return dx;
  };
}

/** The operation of {@link reduceSum}, over consecutive axes. */
export const sumOp = reductionOp({
  name: "reduceSum",
  reduction: "sum",
  gradient: (dy, x, _, range) => spread(dy, x, range, false),
});
/** The operation of {@link reduceMean}, over consecutive axes. */
export const meanOp = reductionOp({
  name: "reduceMean",
  reduction: "mean",
  gradient: (dy, x, _, range) => spread(dy, x, range, true),
});
/** The operation of {@link reduceMax}, over consecutive axes. */
export const maxOp = reductionOp({
  name: "reduceMax",
  reduction: "max",
  keeps: [0, "output"],
  values: "separated",
  gradient: (dy, x, y, { axis, count }) => {
    const dx = empty(x.shape);
    wasm().reduceMaxGradient(x.ptr, y.ptr, dy.ptr, dx.ptr, ...splitAt(x.shape, axis, count));
    return dx;
  },
});
/** The operation of {@link reduceProd}, over consecutive axes. */
export const prodOp = reductionOp({
  name: "reduceProd",
  reduction: "product",
  keeps: [0],
  gradient: (dy, x, _, { axis, count }) => {
    const dx = empty(x.shape);
    wasm().reduceProductGradient(x.ptr, dy.ptr, dx.ptr, ...splitAt(x.shape, axis, count));
    return dx;
  },
});
/** The operation of {@link reduceL2}, over consecutive axes. */
export const normOp = reductionOp({
  name: "reduceL2",
  reduction: "norm",
  keeps: [0, "output"],
  gradient: scaled("norm"),
});
/** The operation of {@link reduceLogSumExp}, over consecutive axes. */
export const logSumExpOp = reductionOp({
  name: "reduceLogSumExp",
  reduction: "logSumExp",
  keeps: [0, "output"],
  gradient: scaled("logSumExp"),
});

/** Attributes of a reduction. */
export interface ReduceAttributes {
  /** Axes to reduce; negative ones count from the end; an empty list reduces nothing. Default: all axes. */
  readonly axes?: readonly number[];
  /** Keep the reduced axes with size 1. Default: false. */
  readonly keepDims?: boolean;
}

/** Reduces any axes: one range of consecutive axes after another, the last range first. */
function reduceAxes(row: Operation<One, AxisRange>, x: Tensor, { axes, keepDims = false }: ReduceAttributes): Tensor {
  const { name } = row.row;
  const rank = x.shape.length;
  const chosen = new Set((axes ?? x.shape.map((_, i) => i)).map((axis) => axisOf(name, axis, rank)));
  let y = x;
  for (let end = rank; end > 0; end--) {
    if (!chosen.has(end - 1)) continue;
    let axis = end - 1;
    while (axis > 0 && chosen.has(axis - 1)) axis--;
    y = row(y, { axis, count: end - axis, keepDims });
    end = axis + 1;
  }
  // Without axes each element is its own reduction.
  return y === x ? reshape(x, x.shape) : y;
}

/** Sum over axes. @throws {RangeError} for an axis out of range. */
export function reduceSum(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceAxes(sumOp, x, attributes);
}

/** Mean over axes; NaN for an axis of size 0. @throws {RangeError} for an axis out of range. */
export function reduceMean(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceAxes(meanOp, x, attributes);
}

/** Maximum over axes; −∞ of none. The gradient goes to its first position. @throws {RangeError} for an axis out of range. */
export function reduceMax(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceAxes(maxOp, x, attributes);
}

/** Minimum over axes; ∞ of none. The gradient goes to its first position. @throws {RangeError} for an axis out of range. */
export function reduceMin(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return neg(reduceMax(neg(x), attributes));
}

/** Product over axes, in doubles; 1 of none. @throws {RangeError} for an axis out of range. */
export function reduceProd(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceAxes(prodOp, x, attributes);
}

/** Σ |x| over axes. @throws {RangeError} for an axis out of range. */
export function reduceL1(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceSum(abs(x), attributes);
}

/** √Σ x² over axes, in doubles. The slope of 0 is 0. @throws {RangeError} for an axis out of range. */
export function reduceL2(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  // The norm of one number is its magnitude.
  return attributes.axes?.length === 0 ? abs(x) : reduceAxes(normOp, x, attributes);
}

/** Σ x² over axes. @throws {RangeError} for an axis out of range. */
export function reduceSumSquare(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceSum(square(x), attributes);
}

/** ln Σ x over axes; −∞ of none. @throws {RangeError} for an axis out of range. */
export function reduceLogSum(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return log(reduceSum(x, attributes));
}

/** ln Σ e^x over axes, in doubles, without overflow; −∞ of none. @throws {RangeError} for an axis out of range. */
export function reduceLogSumExp(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceAxes(logSumExpOp, x, attributes);
}
