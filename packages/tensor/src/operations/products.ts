import { call, type GemmCall, type LinearShape, wasm } from "@neft/kernels";
import { defineOp, type ExampleCall, type GradientTerm } from "../operation.js";
import { broadcastShapes, broadcastStrides, isSameShape, type Shape, shapeText, sizeOf } from "../shape.js";
import { empty, emptyUnowned, type Tensor, zeros } from "../tensor.js";
import { type EpilogueAttributes, gradientBeforeRelu, keptForGradient, sumTensors } from "./epilogue.js";
import { reshape } from "./layout.js";
import { byTable, type Variation, withVariation } from "./variation.js";

/** Attributes of {@link linear}. */
export interface LinearAttributes extends EpilogueAttributes {
  /** Layout of the weight: "oi" for [out, in], "io" for [in, out]. Default: "oi". */
  readonly layout?: "oi" | "io";
  /** Variation of the weight. Default: none. */
  readonly variation?: Variation | undefined;
}

type Inputs = [x: Tensor, w: Tensor, b: Tensor | undefined];

/** Sizes of a linear operation from the shapes of x and W. */
function shapeOf(x: Tensor, w: Tensor, { layout = "oi" }: LinearAttributes): LinearShape {
  const [first, second] = w.shape as [number, number];
  const inputsFirst = layout === "io";
  const [outputs, inputs] = inputsFirst ? [second, first] : [first, second];
  return { batch: x.shape[0]!, rowsPerSample: sizeOf(x.shape.slice(1, -1)), inputs, outputs, inputsFirst };
}

/** Whether the kernels draw the noise of each output instead of ΔW: the variation is per sample, and a sample has one input row. */
function drawsPerOutput({ rowsPerSample }: LinearShape, { variation }: LinearAttributes): boolean {
  return variation?.perSample === true && rowsPerSample === 1;
}

const oneDraw: Variation = { sMax: 2, sigma: { kind: "uniform", sigma: 0.1 }, key: 77n, perSample: false };
const perSample: Variation = { ...oneDraw, perSample: true };

function example(
  x: number[],
  w: number[],
  b: number[] | undefined,
  attributes: LinearAttributes,
): ExampleCall<LinearAttributes> {
  return { inputs: [{ shape: x }, { shape: w }, b && { shape: b }], attributes };
}

/** Gradients by weight and bias, summed over the terms. Undefined for those not needed. */
function gradients(
  terms: readonly GradientTerm<Inputs, LinearAttributes>[],
  isNeeded: (input: number) => boolean,
): (Tensor | undefined)[] {
  const { inputs: operands, attributes } = terms[0]!.context;
  const [x, w, b] = operands;
  const { batch, rowsPerSample, inputs, outputs, inputsFirst } = shapeOf(x, w, attributes);
  const rows = batch * rowsPerSample;
  const dy = sumTensors(terms.map(({ dy, context }) => gradientBeforeRelu(dy, context)));
  const [dw, db] = [isNeeded(1) ? empty(w.shape) : undefined, isNeeded(2) && b ? empty(b.shape) : undefined];
  if (dw) wasm().linearBackwardWeight(x.ptr, dy.ptr, dw.ptr, rows, inputs, outputs, inputsFirst);
  if (db) wasm().columnSum(dy.ptr, db.ptr, rows, outputs);
  return [dw, db];
}

/** The operation of {@link linear}. */
export const linearOp = defineOp<Inputs, LinearAttributes>({
  name: "linear",
  shape: ([x, w, b], attributes) => {
    if (w.shape.length !== 2) throw new RangeError(`linear: expected a weight of two axes, got ${shapeText(w.shape)}`);
    const { inputs, outputs } = shapeOf(x, w, attributes);
    if (x.shape.length < 2 || x.shape.at(-1) !== inputs) {
      const text = `got ${shapeText(x.shape)} for a weight ${shapeText(w.shape)}`;
      throw new RangeError(`linear: expected an input [samples, .., ${inputs}], ${text}`);
    }
    if (b !== undefined && (b.shape.length !== 1 || b.size !== outputs)) {
      throw new RangeError(`linear: expected a bias [${outputs}], got ${shapeText(b.shape)}`);
    }
    return [...x.shape.slice(0, -1), outputs];
  },
  saved: ([x, w], attributes) => {
    const shape = shapeOf(x, w, attributes);
    return drawsPerOutput(shape, attributes) ? [[shape.batch, shape.outputs]] : [];
  },
  forward: ([x, w, b], attributes, y, [ratio]) => {
    const shape = shapeOf(x, w, attributes);
    // The kernel writes `ratio` in any case, so it needs a scratch buffer when no backward pass follows.
    const isScratch = ratio === undefined && drawsPerOutput(shape, attributes);
    const scratch = isScratch ? emptyUnowned([shape.batch, shape.outputs]) : undefined;
    try {
      withVariation("linear", attributes.variation, (variation) => {
        const fields = call.linearForward({
          x: x.ptr,
          w: w.ptr,
          bias: b?.ptr ?? 0,
          y: y.ptr,
          ratio: (ratio ?? scratch)?.ptr ?? 0,
          rectified: attributes.rectified ?? false,
          shape,
          variation,
        });
        wasm().linearForward(fields);
      });
    } finally {
      scratch?.dispose();
    }
  },
  vjp: [
    (dy, context) => {
      const { inputs, attributes, saved } = context;
      const [[x, w], [ratio]] = [inputs, saved];
      const dx = empty(x.shape);
      const dz = gradientBeforeRelu(dy, context);
      withVariation("linear", attributes.variation, (variation) => {
        const fields = call.linearBackwardInput({
          dy: dz.ptr,
          w: w.ptr,
          dx: dx.ptr,
          x: ratio === undefined ? 0 : x.ptr,
          ratio: ratio?.ptr ?? 0,
          shape: shapeOf(x, w, attributes),
          variation,
        });
        wasm().linearBackwardInput(fields);
      });
      return dx;
    },
    (dy, context) => gradients([{ dy, context }], (i) => i === 1)[0]!,
    (dy, context) => gradients([{ dy, context }], (i) => i === 2)[1]!,
  ],
  sharedRules: { inputs: [1, 2], key: ({ layout }) => layout ?? "oi", gradients },
  keeps: keptForGradient,
  examples: [
    example([3, 5], [4, 5], [4], {}),
    example([3, 5], [5, 4], undefined, { layout: "io" }),
    example([2, 3, 5], [17, 5], [17], { layout: "oi" }),
    example([5, 17], [3, 17], [3], { variation: oneDraw }),
    example([2, 3, 5], [5, 4], [4], { layout: "io", variation: oneDraw }),
    example([3, 5], [4, 5], [4], { variation: perSample }),
    example([3, 5], [5, 4], [4], { layout: "io", variation: perSample }),
    example([3, 2, 5], [4, 5], [4], { variation: perSample }),
    example([3, 5], [4, 5], undefined, { variation: { ...perSample, firstSample: 7 } }),
    example([3, 17], [5, 17], [5], { variation: byTable }),
    example([3, 5], [4, 5], [4], { variation: { ...byTable, perSample: true } }),
    example([0, 5], [4, 5], [4], {}),
    example([2, 6], [3, 6], [3], { rectified: true, variation: oneDraw }),
  ],
});

/**
 * Linear layer: y = x·(W + ΔW)ᵀ + b.
 *
 * For a per-sample variation and one input row per sample, the noise of y is itself normal. The kernels then draw one number per output
 * instead of one per weight, and the gradient by x is the conditional mean given y.
 *
 * @param x  [samples, .., in].
 * @param w  [out, in], or [in, out] with layout "io".
 * @param b  [out], or undefined for none.
 * @returns y: [samples, .., out].
 * @throws {RangeError} when shapes don't match, or a number of the variation is out of range.
 */
export function linear(x: Tensor, w: Tensor, b: Tensor | undefined, attributes: LinearAttributes = {}): Tensor {
  return linearOp(x, w, b, attributes);
}

/** The matrix products of a batch. */
interface Batches {
  readonly count: number;
  /** Offsets in elements of the operands of product i. */
  at(i: number): readonly [a: number, b: number];
}

/** Splits a batched product of shapes a and b, with leading axes broadcast to `batch`, into matrix products. */
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

/** Bytes per element. */
const bytes = 4;

const gemm = (fields: GemmCall): void => wasm().gemm(call.gemm(fields));

/** The operation of {@link matmul}, without vectors: y[.., m, n] = Σ_k a[.., m, k]·b[.., k, n]. */
export const matmulOp = defineOp<[a: Tensor, b: Tensor]>({
  name: "matmul",
  shape: ([{ shape: a }, { shape: b }]) => {
    const [m, k, l, n] = [...a.slice(-2), ...b.slice(-2)];
    if (a.length < 2 || b.length < 2 || k !== l) {
      throw new RangeError(
        `matmul: expected shapes [.., m, k] and [.., k, n], got ${shapeText(a)} and ${shapeText(b)}`,
      );
    }
    return [...broadcastShapes(a.slice(0, -2), b.slice(0, -2), "matmul"), m!, n!];
  },
  forward: ([a, b], _, y) => {
    const [m, n] = y.shape.slice(-2) as [number, number];
    const k = a.shape.at(-1)!;
    // The whole batch shares b: one product with all rows.
    if (b.shape.length === 2) return gemm({ a: a.ptr, b: b.ptr, c: y.ptr, m: y.size / Math.max(n, 1), n, k });
    const batches = batchesOf(a.shape, b.shape, y.shape.slice(0, -2));
    for (let i = 0; i < batches.count; i++) {
      const [p, q] = batches.at(i);
      gemm({ a: a.ptr + bytes * p, b: b.ptr + bytes * q, c: y.ptr + bytes * i * m * n, m, n, k });
    }
  },
  vjp: [
    // dA = dY·Bᵀ, summed over broadcast axes
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
        gemm({
          a: dy.ptr + bytes * i * m * n,
          b: b.ptr + bytes * q,
          c: da.ptr + bytes * p,
          m,
          n: k,
          k: n,
          transB: true,
          accumulate: true,
        });
      }
      return da;
    },
    // dB = Aᵀ·dY, summed over broadcast axes
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
        gemm({
          a: a.ptr + bytes * p,
          b: dy.ptr + bytes * i * m * n,
          c: db.ptr + bytes * q,
          m: k,
          n,
          k: m,
          transA: true,
          accumulate: true,
        });
      }
      return db;
    },
  ],
  keeps: [0, 1],
  examples: [
    { inputs: [{ shape: [3, 5] }, { shape: [5, 17] }], attributes: undefined },
    { inputs: [{ shape: [1, 1] }, { shape: [1, 1] }], attributes: undefined },
    { inputs: [{ shape: [2, 3, 5] }, { shape: [5, 4] }], attributes: undefined },
    { inputs: [{ shape: [2, 1, 3, 5] }, { shape: [3, 5, 2] }], attributes: undefined },
    { inputs: [{ shape: [3, 5] }, { shape: [2, 5, 3] }], attributes: undefined },
    { inputs: [{ shape: [0, 5] }, { shape: [5, 3] }], attributes: undefined },
  ],
});

/**
 * Matrix product by NumPy's rules. Leading axes broadcast.
 *
 * @param a  [.., m, k], or a vector [k], which counts as a row.
 * @param b  [.., k, n], or a vector [k], which counts as a column.
 * @returns [.., m, n], without the axis of a vector.
 * @throws {RangeError} when shapes don't match.
 */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const left = a.shape.length === 1 ? reshape(a, [1, a.size]) : a;
  const right = b.shape.length === 1 ? reshape(b, [b.size, 1]) : b;
  const y = matmulOp(left, right);
  if (left === a && right === b) return y;
  const shape = y.shape.filter(
    (_, i) => !(left !== a && i === y.shape.length - 2) && !(right !== b && i === y.shape.length - 1),
  );
  return isSameShape(shape, y.shape) ? y : reshape(y, shape);
}
