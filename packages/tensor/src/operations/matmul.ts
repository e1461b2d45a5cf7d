import { call, type GemmCall, wasm } from "@neft/kernels";
import { defineOp } from "../operation.js";
import { broadcastShapes, broadcastStrides, isSameShape, type Shape, shapeText, sizeOf } from "../shape.js";
import { empty, type Tensor, zeros } from "../tensor.js";
import { reshape } from "./layout.js";

/** One product per index of the batch axes: offsets in elements. */
interface Batches {
  readonly count: number;
  at(i: number): readonly [a: number, b: number];
}

function batchesOf(a: Shape, b: Shape, batch: Shape): Batches {
  const [leadA, leadB] = [a.slice(0, -2), b.slice(0, -2)];
  const [strideA, strideB] = [broadcastStrides(leadA, batch), broadcastStrides(leadB, batch)];
  const [sizeA, sizeB] = [sizeOf(a.slice(-2)), sizeOf(b.slice(-2))];
  return {
    count: sizeOf(batch),
    at: (i) => {
      let [rest, p, q] = [i, 0, 0];
      for (let axis = batch.length - 1; axis >= 0; axis--) {
        const index = rest % batch[axis]!;
        p += index * strideA[axis]!;
        q += index * strideB[axis]!;
        rest = (rest - index) / batch[axis]!;
      }
      return [p * sizeA, q * sizeB];
    },
  };
}

const bytes = 4;

const gemm = (fields: GemmCall): void => wasm().gemm(call.gemm(fields));

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
  forward: ([a, b], _, y) => {
    const [m, n] = y.shape.slice(-2) as [number, number];
    const k = a.shape.at(-1)!;
    // One matrix for the whole batch: a single tall product.
    if (b.shape.length === 2) return gemm({ a: a.ptr, b: b.ptr, c: y.ptr, m: y.size / Math.max(n, 1), n, k });
    const batches = batchesOf(a.shape, b.shape, y.shape.slice(0, -2));
    for (let i = 0; i < batches.count; i++) {
      const [p, q] = batches.at(i);
      gemm({ a: a.ptr + bytes * p, b: b.ptr + bytes * q, c: y.ptr + bytes * i * m * n, m, n, k });
    }
  },
  vjp: [
    // dA = dY Bᵀ, summed over what was broadcast
    (dy, { inputs: [a, b] }) => {
      const [m, n] = dy.shape.slice(-2) as [number, number];
      const k = a.shape.at(-1)!;
      if (b.shape.length === 2) {
        const da = empty(a.shape);
        gemm({ a: dy.ptr, b: b.ptr, c: da.ptr, m: dy.size / Math.max(n, 1), n: k, k: n, transB: true });
        return da;
      }
      const da = zeros(a.shape);
      const batches = batchesOf(a.shape, b.shape, dy.shape.slice(0, -2));
      for (let i = 0; i < batches.count; i++) {
        const [p, q] = batches.at(i);
        const operands = { a: dy.ptr + bytes * i * m * n, b: b.ptr + bytes * q, c: da.ptr + bytes * p };
        gemm({ ...operands, m, n: k, k: n, transB: true, accumulate: true });
      }
      return da;
    },
    // dB = Aᵀ dY, summed over what was broadcast
    (dy, { inputs: [a, b] }) => {
      const [m, n] = dy.shape.slice(-2) as [number, number];
      const k = a.shape.at(-1)!;
      if (b.shape.length === 2) {
        const db = empty(b.shape);
        gemm({ a: a.ptr, b: dy.ptr, c: db.ptr, m: k, n, k: dy.size / Math.max(n, 1), transA: true });
        return db;
      }
      const db = zeros(b.shape);
      const batches = batchesOf(a.shape, b.shape, dy.shape.slice(0, -2));
      for (let i = 0; i < batches.count; i++) {
        const [p, q] = batches.at(i);
        const operands = { a: a.ptr + bytes * p, b: dy.ptr + bytes * i * m * n, c: db.ptr + bytes * q };
        gemm({ ...operands, m: k, n, k: m, transA: true, accumulate: true });
      }
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
