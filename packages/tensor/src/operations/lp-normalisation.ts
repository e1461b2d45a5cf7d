import { f32 } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { axisOf, splitAt } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";

/** Attributes of {@link lpNormalization}. */
export interface LpNormalizationAttributes {
  /** Default: −1. */
  readonly axis?: number;
  /** Order of the norm: 1 or 2. Default: 2. */
  readonly p?: 1 | 2;
}

/** Calls `visit` with the first position and the distance of neighbours of each vector along an axis. */
function eachVector(x: Tensor, axis: number, visit: (start: number, size: number, step: number) => void): void {
  const [outer, size, inner] = splitAt(x.shape, axis);
  for (let o = 0; o < outer; o++) for (let i = 0; i < inner; i++) visit(o * size * inner + i, size, inner);
}

/** Norm of a vector, in f64. */
function normOf(x: Float32Array, p: number, start: number, size: number, step: number): number {
  let sum = 0;
  for (let j = 0, at = start; j < size; j++, at += step) sum += p === 1 ? Math.abs(x[at]!) : x[at]! * x[at]!;
  return p === 1 ? sum : Math.sqrt(sum);
}

/** The operation of {@link lpNormalization}, along an axis ≥ 0. */
export const lpNormalizationOp = defineOp<[x: Tensor], { readonly axis: number; readonly p: 1 | 2 }>({
  name: "lpNormalization",
  shape: ([x]) => [...x.shape],
  forward: ([x], { axis, p }, y) => {
    const [from, to] = [f32(x.ptr, x.size), f32(y.ptr, y.size)];
    eachVector(x, axis, (start, size, step) => {
      const norm = normOf(from, p, start, size, step);
      for (let j = 0, at = start; j < size; j++, at += step) to[at] = norm === 0 ? 0 : from[at]! / norm;
    });
  },
  vjp: [
    // dx = (dy − (Σ dy·y)·∂norm/∂x)/norm, where ∂norm/∂x is y for p = 2 and the sign for p = 1
    (dy, { inputs: [x], attributes: { axis, p } }) => {
      const dx = empty(dy.shape);
      const [from, gradient, to] = [f32(x.ptr, x.size), f32(dy.ptr, dy.size), f32(dx.ptr, dx.size)];
      eachVector(x, axis, (start, size, step) => {
        const norm = normOf(from, p, start, size, step);
        let dot = 0;
        for (let j = 0, at = start; j < size; j++, at += step) dot += gradient[at]! * from[at]!;
        for (let j = 0, at = start; j < size; j++, at += step) {
          const slope = p === 1 ? Math.sign(from[at]!) : from[at]! / norm;
          to[at] = norm === 0 ? 0 : (gradient[at]! - (dot / norm) * slope) / norm;
        }
      });
      return dx;
    },
  ],
  keeps: [0],
  examples: [
    { inputs: [{ shape: [3, 5] }], attributes: { axis: 1, p: 2 } },
    { inputs: [{ shape: [2, 3, 2], values: "separated" }], attributes: { axis: 1, p: 1 } },
  ],
});

/** y = x/‖x‖ₚ along an axis; 0 where the norm is 0. @throws {RangeError} for an axis out of range, or a p other than 1 and 2. */
export function lpNormalization(x: Tensor, { axis = -1, p = 2 }: LpNormalizationAttributes = {}): Tensor {
  if (p !== 1 && p !== 2) throw new RangeError(`lpNormalization: expected p of 1 or 2, got ${p}`);
  return lpNormalizationOp(x, { axis: axisOf("lpNormalization", axis, x.shape.length), p });
}
