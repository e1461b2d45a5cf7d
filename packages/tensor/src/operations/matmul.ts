import { wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { broadcastShapes, broadcastStrides, isSameShape, shapeText, sizeOf } from "../shape.js";
import { type Tensor, zeros } from "../tensor.js";
import { reshape } from "./layout.js";

/** Rows, inner size and columns of the single products. */
type Sizes = readonly [m: number, k: number, n: number];

/**
 * Calls `each` for every index of the batch axes with the products' sizes and the byte offsets of A, B and Y. One matrix B
 * for the whole batch makes a single tall product.
 */
function eachProduct(
  { shape: a }: Tensor,
  { shape: b }: Tensor,
  each: (sizes: Sizes, a: number, b: number, y: number) => void,
): void {
  const [m, k, n] = [a.at(-2)!, a.at(-1)!, b.at(-1)!];
  if (b.length === 2) {
    each([sizeOf(a.slice(0, -1)), k, n], 0, 0, 0);
    return;
  }
  const [leadA, leadB] = [a.slice(0, -2), b.slice(0, -2)];
  const batch = broadcastShapes("matmul", leadA, leadB);
  const [strideA, strideB] = [broadcastStrides(leadA, batch), broadcastStrides(leadB, batch)];
  for (let i = 0; i < sizeOf(batch); i++) {
    let [rest, p, q] = [i, 0, 0];
    for (let axis = batch.length - 1; axis >= 0; axis--) {
      const index = rest % batch[axis]!;
      p += index * strideA[axis]!;
      q += index * strideB[axis]!;
      rest = (rest - index) / batch[axis]!;
    }
    each([m, k, n], 4 * p * m * k, 4 * q * k * n, 4 * i * m * n);
  }
}

/** y[.., m, n] = Σ_k a[.., m, k]·b[.., k, n]. */
export const matmulRow = defineOp<[a: Tensor, b: Tensor]>({
  name: "matmul",
  shape: ([{ shape: a }, { shape: b }]) => {
    const [m, k, l, n] = [...a.slice(-2), ...b.slice(-2)];
    if (a.length < 2 || b.length < 2 || k !== l) {
      throw new RangeError(
        `matmul: expected shapes [.., m, k] and [.., k, n], got ${shapeText(a)} and ${shapeText(b)}`,
      );
    }
    return [...broadcastShapes("matmul", a.slice(0, -2), b.slice(0, -2)), m!, n!];
  },
  forward: ([a, b], _, y) =>
    eachProduct(a, b, ([m, k, n], p, q, r) => {
      wasm().gemm(false, false, m, n, k, a.ptr + p, b.ptr + q, y.ptr + r, false);
    }),
  vjp: [
    // dA = dY Bᵀ, summed over what was broadcast
    (dy, { inputs: [a, b] }) => {
      const da = zeros(a.shape);
      eachProduct(a, b, ([m, k, n], p, q, r) => {
        wasm().gemm(false, true, m, k, n, dy.ptr + r, b.ptr + q, da.ptr + p, true);
      });
      return da;
    },
    // dB = Aᵀ dY, summed over what was broadcast
    (dy, { inputs: [a, b] }) => {
      const db = zeros(b.shape);
      eachProduct(a, b, ([m, k, n], p, q, r) => {
        wasm().gemm(true, false, k, n, m, a.ptr + p, dy.ptr + r, db.ptr + q, true);
      });
      return db;
    },
  ],
  keeps: [0, 1],
  samples: [
    { inputs: [{ shape: [3, 5] }, { shape: [5, 17] }], attributes: undefined },
    { inputs: [{ shape: [1, 1] }, { shape: [1, 1] }], attributes: undefined },
    { inputs: [{ shape: [2, 3, 5] }, { shape: [5, 4] }], attributes: undefined },
    { inputs: [{ shape: [2, 1, 3, 5] }, { shape: [3, 5, 2] }], attributes: undefined },
    { inputs: [{ shape: [3, 5] }, { shape: [2, 5, 3] }], attributes: undefined },
    { inputs: [{ shape: [0, 5] }, { shape: [5, 3] }], attributes: undefined },
  ],
});

/** Matrix product with numpy's rules: leading axes broadcast, a vector counts as one row (left) or column (right). */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const left = a.shape.length === 1 ? reshape(a, [1, a.size]) : a;
  const right = b.shape.length === 1 ? reshape(b, [b.size, 1]) : b;
  const y = matmulRow(left, right);
  if (left === a && right === b) return y;
  const shape = y.shape.filter(
    (_, i) => !(left !== a && i === y.shape.length - 2) && !(right !== b && i === y.shape.length - 1),
  );
  return isSameShape(shape, y.shape) ? y : reshape(y, shape);
}
