import { type Reduction, reductionCode, wasm } from "@neft/kernels";
import { defineOp, type Operation } from "../operation.js";
import { axisOf, splitAt } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";
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
type Name = "reduceSum" | "reduceMean" | "reduceMax";

const exampleRanges: readonly { shape: number[]; range: AxisRange }[] = [
  { shape: [3, 5], range: { axis: 0, count: 2, keepDims: false } },
  { shape: [3, 17], range: { axis: 1, count: 1, keepDims: true } },
  { shape: [2, 5, 3], range: { axis: 1, count: 1, keepDims: false } },
  { shape: [5, 2, 3], range: { axis: 0, count: 2, keepDims: true } },
];

/** Makes a reduction over consecutive axes. `gradient` returns dx. */
function reductionOp(
  name: Name,
  reduction: Reduction,
  gradient: (dy: Tensor, x: Tensor, y: Tensor, range: AxisRange) => Tensor,
): Operation<One, AxisRange> {
  const isMax = reduction === "max";
  return defineOp<One, AxisRange>({
    name,
    shape: ([x], { axis, count, keepDims }) => {
      const between = keepDims ? new Array<number>(count).fill(1) : [];
      return [...x.shape.slice(0, axis), ...between, ...x.shape.slice(axis + count)];
    },
    forward: ([x], { axis, count }, y) =>
      wasm().reduce(reductionCode[reduction], x.ptr, y.ptr, ...splitAt(x.shape, axis, count)),
    vjp: [(dy, { inputs: [x], output, attributes }) => gradient(dy, x, output, attributes)],
    keeps: isMax ? [0, "output"] : [],
    examples: exampleRanges.map(({ shape, range }) => ({
      inputs: [{ shape, values: isMax ? ("separated" as const) : ("normal" as const) }],
      attributes: range,
    })),
  });
}

/** Gradient of a sum or mean: dy broadcast along the reduced axes, divided by their size for a mean. */
function spread(dy: Tensor, x: Tensor, { axis, count }: AxisRange, isMean: boolean): Tensor {
  const dx = empty(x.shape);
  const [outer, len, inner] = splitAt(x.shape, axis, count);
  wasm().spread(dy.ptr, dx.ptr, outer, len, inner, isMean ? 1 / len : 1);
  return dx;
}

/** The operation of {@link reduceSum}, over consecutive axes. */
export const sumOp = reductionOp("reduceSum", "sum", (dy, x, _, range) => spread(dy, x, range, false));
/** The operation of {@link reduceMean}, over consecutive axes. */
export const meanOp = reductionOp("reduceMean", "mean", (dy, x, _, range) => spread(dy, x, range, true));
/** The operation of {@link reduceMax}, over consecutive axes. */
export const maxOp = reductionOp("reduceMax", "max", (dy, x, y, { axis, count }) => {
  const dx = empty(x.shape);
  wasm().reduceMaxGradient(x.ptr, y.ptr, dy.ptr, dx.ptr, ...splitAt(x.shape, axis, count));
  return dx;
});

/** Attributes of a reduction. */
export interface ReduceAttributes {
  /** Axes to reduce; negative ones count from the end; an empty list reduces nothing. Default: all axes. */
  readonly axes?: readonly number[];
  /** Keep the reduced axes with size 1. Default: false. */
  readonly keepDims?: boolean;
}

/** Reduces any axes: one range of consecutive axes after another, the last range first. */
function reduceAxes(
  name: Name,
  row: Operation<One, AxisRange>,
  x: Tensor,
  { axes, keepDims = false }: ReduceAttributes,
): Tensor {
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
  return reduceAxes("reduceSum", sumOp, x, attributes);
}

/** Mean over axes; NaN for an axis of size 0. @throws {RangeError} for an axis out of range. */
export function reduceMean(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceAxes("reduceMean", meanOp, x, attributes);
}

/** Maximum over axes. The gradient goes to its first position. @throws {RangeError} for an axis out of range. */
export function reduceMax(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceAxes("reduceMax", maxOp, x, attributes);
}
