import { type Scan, scanCode, wasm } from "@neft/kernels";
import { defineOp, type GradientRule } from "../operation.js";
import { axisOf, splitAt } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";

type One = [x: Tensor];

/** A cumulative function along an axis ≥ 0. */
interface ScanAttributes {
  readonly axis: number;
  readonly exclusive: boolean;
  readonly reverse: boolean;
}

/** Code of the order: bit 0 exclusive, bit 1 from the end. */
const orderOf = ({ exclusive, reverse }: ScanAttributes): number => (exclusive ? 1 : 0) + (reverse ? 2 : 0);

/** Makes a cumulative function. `keeps`: what its gradient rule reads. */
function scanOp(name: "cumSum" | "cumProd", scan: Scan, rule: GradientRule<One, ScanAttributes>, keeps: readonly 0[]) {
  const orders = [false, true].flatMap((exclusive) => [false, true].map((reverse) => ({ exclusive, reverse })));
  return defineOp<One, ScanAttributes>({
    name,
    shape: ([x]) => [...x.shape],
    forward: ([x], attributes, y) =>
      wasm().scan(scanCode[scan], orderOf(attributes), x.ptr, y.ptr, ...splitAt(x.shape, attributes.axis)),
    vjp: [rule],
    keeps,
    examples: orders.flatMap((order) => [
      { inputs: [{ shape: [2, 5, 3] }], attributes: { axis: 1, ...order } },
      { inputs: [{ shape: [7] }], attributes: { axis: 0, ...order } },
      { inputs: [{ shape: [3, 0] }], attributes: { axis: 1, ...order } },
    ]),
  });
}

/** The operation of {@link cumSum}, along an axis ≥ 0. */
export const cumSumOp = scanOp(
  "cumSum",
  "sum",
  // A value is added to those that come after it: the gradient is summed from the other end.
  (dy, { attributes }) => cumSumOp(dy, { ...attributes, reverse: !attributes.reverse }),
  [],
);

/** The operation of {@link cumProd}, along an axis ≥ 0. */
export const cumProdOp = scanOp(
  "cumProd",
  "product",
  (dy, { inputs: [x], attributes }) => {
    const dx = empty(x.shape);
    const sizes = splitAt(x.shape, attributes.axis);
    wasm().scanProductGradient(orderOf(attributes), x.ptr, dy.ptr, dx.ptr, ...sizes);
    return dx;
  },
  [0],
);

/** Attributes of {@link cumSum} and {@link cumProd}. */
export interface CumulativeAttributes {
  /** The axis; negative ones count from the end. */
  readonly axis: number;
  /** Leave out the element itself: the first one is 0, or 1 for products. Default: false. */
  readonly exclusive?: boolean;
  /** Start at the end. Default: false. */
  readonly reverse?: boolean;
}

/** Sums of the elements so far along an axis, in doubles. @throws {RangeError} for an axis out of range. */
export function cumSum(x: Tensor, { axis, exclusive = false, reverse = false }: CumulativeAttributes): Tensor {
  return cumSumOp(x, { axis: axisOf("cumSum", axis, x.shape.length), exclusive, reverse });
}

/** Products of the elements so far along an axis, in doubles. @throws {RangeError} for an axis out of range. */
export function cumProd(x: Tensor, { axis, exclusive = false, reverse = false }: CumulativeAttributes): Tensor {
  return cumProdOp(x, { axis: axisOf("cumProd", axis, x.shape.length), exclusive, reverse });
}
