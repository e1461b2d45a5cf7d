import { f32 } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { shapeText, sizeOf } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";

/**
 * Determinant of an n × n matrix by Gaussian elimination with partial pivots, in f64.
 *
 * @param a  Row-major; overwritten.
 */
function eliminate(a: Float64Array, n: number): number {
  let determinant = 1;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(a[row * n + column]!) > Math.abs(a[pivot * n + column]!)) pivot = row;
    }
    const value = a[pivot * n + column]!;
    determinant *= pivot === column ? value : -value;
    if (value === 0) return 0;
    for (let j = column; j < n; j++) {
      const other = a[pivot * n + j]!;
      a[pivot * n + j] = a[column * n + j]!;
      a[column * n + j] = other;
    }
    for (let row = column + 1; row < n; row++) {
      const factor = a[row * n + column]! / value;
      for (let j = column; j < n; j++) a[row * n + j]! -= factor * a[column * n + j]!;
    }
  }
  return determinant;
}

/** Cofactor of element (row, column): the slope of the determinant by it, for singular matrices, too. */
function cofactor(a: ArrayLike<number>, start: number, n: number, row: number, column: number): number {
  const minor = new Float64Array((n - 1) * (n - 1));
  let at = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) if (i !== row && j !== column) minor[at++] = a[start + i * n + j]!;
  }
  const value = eliminate(minor, n - 1);
  return (row + column) % 2 === 0 ? value : -value;
}

/** Up to this size cofactors are computed one by one, which is exact for singular matrices, too. */
const small = 8;

/** Swaps row `pivot` of a matrix with row `column` and divides it. */
function movePivot(matrix: Float64Array, n: number, pivot: number, column: number, divisor: number): void {
  for (let j = 0; j < n; j++) {
    const other = matrix[pivot * n + j]!;
    matrix[pivot * n + j] = matrix[column * n + j]!;
    matrix[column * n + j] = other / divisor;
  }
}

/** Slopes of the determinant by all elements, row-major: cofactors, or det·A⁻ᵀ by Gauss–Jordan elimination. */
function slopes(a: Float32Array, start: number, n: number): Float64Array {
  const cofactors = () =>
    Float64Array.from({ length: n * n }, (_, j) => cofactor(a, start, n, Math.floor(j / n), j % n));
  if (n <= small) return cofactors();
  const work = Float64Array.from(a.subarray(start, start + n * n));
  const inverse = new Float64Array(n * n);
  for (let i = 0; i < n; i++) inverse[i * n + i] = 1;
  let determinant = 1;
  for (let column = 0; column < n; column++) {
    let pivot = column;
    for (let row = column + 1; row < n; row++) {
      if (Math.abs(work[row * n + column]!) > Math.abs(work[pivot * n + column]!)) pivot = row;
    }
    const value = work[pivot * n + column]!;
    if (value === 0) return cofactors();
    determinant *= pivot === column ? value : -value;
    for (const matrix of [work, inverse]) movePivot(matrix, n, pivot, column, value);
    for (let row = 0; row < n; row++) {
      const factor = work[row * n + column]!;
      if (row === column || factor === 0) continue;
      for (const matrix of [work, inverse]) {
        for (let j = 0; j < n; j++) matrix[row * n + j]! -= factor * matrix[column * n + j]!;
      }
    }
  }
  return inverse.map((_, j) => determinant * inverse[(j % n) * n + Math.floor(j / n)]!);
}

/** Determinants of the last two axes: [.., n, n] → [..]. @throws {RangeError} unless they are square. */
export const det = defineOp<[x: Tensor]>({
  name: "det",
  shape: ([{ shape }]) => {
    if (shape.length < 2 || shape.at(-1) !== shape.at(-2)) {
      throw new RangeError(`det: expected square matrices [.., n, n], got ${shapeText(shape)}`);
    }
    return shape.slice(0, -2);
  },
  forward: ([x], _, y) => {
    const n = x.shape.at(-1)!;
    const [from, to] = [f32(x.ptr, x.size), f32(y.ptr, y.size)];
    for (let i = 0; i < to.length; i++)
      to[i] = eliminate(Float64Array.from(from.subarray(i * n * n, (i + 1) * n * n)), n);
  },
  vjp: [
    (dy, { inputs: [x] }) => {
      const n = x.shape.at(-1)!;
      const dx = empty(x.shape);
      const [from, gradient, to] = [f32(x.ptr, x.size), f32(dy.ptr, dy.size), f32(dx.ptr, dx.size)];
      for (let i = 0; i < sizeOf(dy.shape); i++) {
        to.set(
          slopes(from, i * n * n, n).map((slope) => gradient[i]! * slope),
          i * n * n,
        );
      }
      return dx;
    },
  ],
  keeps: [0],
  examples: [
    { inputs: [{ shape: [3, 3] }], attributes: undefined },
    { inputs: [{ shape: [2, 1, 2, 2] }], attributes: undefined },
    { inputs: [{ shape: [2, 1, 1] }], attributes: undefined },
    { inputs: [{ shape: [9, 9] }], attributes: undefined },
  ],
});
