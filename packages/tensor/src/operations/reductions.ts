import { type Reduction, reductionCode, wasm } from "@neft/kernels";
import { defineOp, type Operation } from "../operation.js";
import { axisOf, splitAt } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";
import { reshape } from "./layout.js";

/** Neighbouring axes to reduce. */
interface Span {
  readonly axis: number;
  readonly count: number;
  /** Leave axes of size 1 in their place. */
  readonly keepDims: boolean;
}

type One = [x: Tensor];
type Name = "reduceSum" | "reduceMean" | "reduceMax";

const spans: readonly { shape: number[]; span: Span }[] = [
  { shape: [3, 5], span: { axis: 0, count: 2, keepDims: false } },
  { shape: [3, 17], span: { axis: 1, count: 1, keepDims: true } },
  { shape: [2, 5, 3], span: { axis: 1, count: 1, keepDims: false } },
  { shape: [5, 2, 3], span: { axis: 0, count: 2, keepDims: true } },
];

function spanRow(
  name: Name,
  reduction: Reduction,
  pull: (dy: Tensor, x: Tensor, y: Tensor, span: Span) => Tensor,
): Operation<One, Span> {
  const isMax = reduction === "max";
  return defineOp<One, Span>({
    name,
    shape: ([x], { axis, count, keepDims }) => {
      const between = keepDims ? new Array<number>(count).fill(1) : [];
      return [...x.shape.slice(0, axis), ...between, ...x.shape.slice(axis + count)];
    },
    forward: ([x], { axis, count }, y) =>
      wasm().reduce(reductionCode[reduction], x.ptr, y.ptr, ...splitAt(x.shape, axis, count)),
    vjp: [(dy, { inputs: [x], output, attributes }) => pull(dy, x, output, attributes)],
    keeps: isMax ? [0, "output"] : [],
    samples: spans.map(({ shape, span }) => ({
      inputs: [{ shape, values: isMax ? ("separated" as const) : ("normal" as const) }],
      attributes: span,
    })),
  });
}

/** The gradient of a sum goes to every summand, that of a mean in equal parts. */
function spread(dy: Tensor, x: Tensor, { axis, count }: Span, isMean: boolean): Tensor {
  const dx = empty(x.shape);
  const [outer, len, inner] = splitAt(x.shape, axis, count);
  wasm().spread(dy.ptr, dx.ptr, outer, len, inner, isMean ? 1 / len : 1);
  return dx;
}

export const sumRow = spanRow("reduceSum", "sum", (dy, x, _, span) => spread(dy, x, span, false));
export const meanRow = spanRow("reduceMean", "mean", (dy, x, _, span) => spread(dy, x, span, true));
export const maxRow = spanRow("reduceMax", "max", (dy, x, y, { axis, count }) => {
  const dx = empty(x.shape);
  wasm().reduceMaxGradient(x.ptr, y.ptr, dy.ptr, dx.ptr, ...splitAt(x.shape, axis, count));
  return dx;
});

/** Axes of a reduction. */
export interface ReduceAttributes {
  /** Default all; negative ones count from the end; an empty list reduces nothing. */
  readonly axes?: readonly number[];
  /** Leave axes of size 1 in their place. Default false. */
  readonly keepDims?: boolean;
}

/** Reduces run after run of neighbouring axes, the last first. */
function reduceBy(
  name: Name,
  row: Operation<One, Span>,
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
  // A reduction of nothing: the reduced value of single elements is the elements.
  return y === x ? reshape(x, x.shape) : y;
}

/** Sum over axes. */
export function reduceSum(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceBy("reduceSum", sumRow, x, attributes);
}

/** Mean over axes; NaN over nothing. */
export function reduceMean(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceBy("reduceMean", meanRow, x, attributes);
}

/** Largest value over axes; the gradient goes to the first place that holds it. */
export function reduceMax(x: Tensor, attributes: ReduceAttributes = {}): Tensor {
  return reduceBy("reduceMax", maxRow, x, attributes);
}
