import * as ops from "@neft/tensor";
import { type LinearMapKind, mapOf } from "../array-product.js";

/** Settings of a product with a matrix. */
interface MatrixSettings {
  /** Layout of the weight: "oi" for [out, in], "io" for [in, out]. */
  readonly layout: "oi" | "io";
}

/** y = x·Wᵀ. x: [samples, …, in], w: [out, in] or [in, out], bias: [out] → [samples, …, out]. */
const matrix: LinearMapKind<MatrixSettings> = {
  name: "matrix",
  drawsWeights: false,
  channels: -1,
  compute: ({ x, w, epilogue: { bias, rectified = false }, variation }, { layout }) =>
    ops.linear(x, w, bias, { layout, rectified, variation }),
  matrices: (w, { layout }) => [layout === "oi" ? ops.transpose(w, { perm: [1, 0] }) : w],
  reads: (x, shape, { layout }) => {
    const [outputs, inputs] = layout === "oi" ? [shape[0]!, shape[1]!] : [shape[1]!, shape[0]!];
    return {
      vectors: [ops.reshape(x, [x.size / inputs, inputs])],
      collect: ([y]) => ops.reshape(y!, [...x.shape.slice(0, -1), outputs]),
    };
  },
  sums: (x, _shape, _settings, { from, to }, matrices) => {
    const isWhole = from === 0 && to === x.shape.at(-1);
    const part = isWhole ? x : ops.slice(x, { axes: [x.shape.length - 1], starts: [from], ends: [to] });
    return matrices.map(([matrix]) => ops.linear(part, matrix!, undefined, { layout: "io" }));
  },
};

export const matrixMap = (layout: MatrixSettings["layout"]) => mapOf(matrix, { layout });
