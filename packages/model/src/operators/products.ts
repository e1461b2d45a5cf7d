import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { flag, ignored, real } from "../attribute-kinds.js";
import { matmulShape } from "../dimensions.js";
import type { KnownValue } from "../host-array.js";
import { matrixMap } from "../maps/matrix.js";
import { defineAdaptor, defineOperator, float, type RunCall } from "./operator.js";
import { product } from "./product.js";
import { gemm as gemmTrack, matmul as matmulTrack } from "./tracks.js";
import type { WeightUse } from "./traits.js";

// Matrix products. If the weight is a parameter, the node is an array node and the backend computes the product.

/**
 * The weight of a matrix product: input 1 if it is a matrix, else input 0 if that is one.
 *
 * @param isTransposed  Whether each operand is transposed.
 */
function matrixUse(
  shapeOf: (input: number) => readonly number[] | undefined,
  isTransposed: readonly [boolean, boolean],
  bias?: number,
): WeightUse[] {
  const input = [1, 0].find((at) => shapeOf(at)?.length === 2);
  if (input === undefined) return [];
  const [rows, columns] = shapeOf(input) as [number, number];
  const data = 1 - input;
  // Rows of A' and columns of B' are the results; the product sums over the other axis.
  const from = isTransposed[data]! === (data === 1) ? -1 : -2;
  const flow = { data, from, to: input === 1 ? -1 : -2, ...(bias !== undefined && { bias }) };
  return isTransposed[input]! === (input === 1)
    ? [{ input, layout: "oi", outputs: rows, inputs: columns, flow }]
    : [{ input, layout: "io", outputs: columns, inputs: rows, flow }];
}

/** Length of the sums of a product. */
const innerSize = ([, b = []]: readonly (readonly number[] | undefined)[]): number => Math.max(1, ...b.slice(-2));

const gemmAttributes = {
  alpha: real({ default: 1 }),
  beta: real({ default: 1 }),
  transA: flag(false),
  transB: flag(false),
} as const;

/**
 * y = alpha·A'B' + beta·C. A': [M, K] and B': [K, N] are A and B, transposed if transA or transB is 1. C broadcasts
 * to [M, N].
 */
export const gemm = defineOperator({
  name: "Gemm",
  since: 7,
  inputs: [2, 3],
  inputsSince: { 7: [3, 3], 11: [2, 3] },
  attributes: gemmAttributes,
  older: {
    6: defineAdaptor({
      inputs: [3, 3],
      // C broadcasts as in later versions. Without the attribute, it has the shape of y.
      attributes: { ...gemmAttributes, broadcast: ignored() },
      adapt: ({ attributes: { broadcast: _, ...others } }) => ({ attributes: others }),
    }),
  },
  traits: {
    products: { operands: [0, 1], uses: (shapeOf, { transA, transB }) => matrixUse(shapeOf, [transA, transB], 2) },
    parameters: [0, 1, 2],
    absorbs: ["relu"],
    cost: innerSize,
  },
  track: gemmTrack,
  infer: ([a, b, c], { transA, transB }) => {
    const side = ({ shape }: KnownValue, isTransposed: boolean) => {
      if (shape.length !== 2) throw new RangeError(`expected matrices, got [${shape.join(", ")}]`);
      return isTransposed ? [shape[1]!, shape[0]!] : shape;
    };
    const shape = matmulShape(side(float(a, 0), transA), side(float(b, 1), transB));
    if (c !== undefined && ops.broadcastShapes(shape, c.shape).join() !== shape.join()) {
      throw new RangeError(`expected C to broadcast to [${shape.join(", ")}], got [${c.shape.join(", ")}]`);
    }
    return [{ dtype: "f32", shape }];
  },
  run: ([a, b, c], { alpha, beta, transA, transB }, call) => {
    const transposeIf = (x: Tensor, turn: boolean) => (turn ? ops.transpose(x, { perm: [1, 0] }) : x);
    let y: Tensor;
    let rest = c;
    if (call.arrays[0] === 0) {
      // (A'B')ᵀ = B'ᵀA'ᵀ: the word lines read the columns of B'.
      const input = transposeIf(b, !transB);
      y = transposeIf(product(call, { weight: 0, input, map: matrixMap(transA ? "io" : "oi") }), true);
    } else {
      const input = transposeIf(a, transA);
      const layout = transB ? "oi" : "io";
      const outputs = b.shape[layout === "oi" ? 0 : 1];
      const bias = alpha === 1 && beta === 1 && c?.shape.length === 1 && c.shape[0] === outputs ? c : undefined;
      if (bias !== undefined) rest = undefined;
      const isLast = alpha === 1 && rest === undefined;
      const rectified = call.rectified && isLast;
      y = product(call, { weight: 1, input, map: matrixMap(layout), epilogue: { bias, rectified } });
      if (isLast) return [y];
    }
    if (alpha !== 1) y = ops.scale(y, alpha);
    if (rest !== undefined) y = ops.add(y, beta === 1 ? rest : ops.scale(rest, beta));
    return [call.rectified ? ops.relu(y) : y];
  },
  integers: null,
});

/** y = AB over the last two axes, with NumPy's rules. Either operand can be a parameter. */
export const matmul = defineOperator({
  name: "MatMul",
  since: 1,
  inputs: [2, 2],
  attributes: {},
  traits: {
    products: { operands: [0, 1], uses: (shapeOf) => matrixUse(shapeOf, [false, false]) },
    parameters: [0, 1],
    scaling: { kind: "contracts" },
    cost: innerSize,
  },
  track: matmulTrack,
  infer: ([a, b]) => [{ dtype: "f32", shape: matmulShape(float(a, 0).shape, float(b, 1).shape) }],
  run: ([a, b], _, call) => {
    if (call.arrays[0] === 1) {
      const shape = matmulShape(a.shape, b.shape);
      const input = a.shape.length === 1 ? ops.reshape(a, [1, a.shape[0]!]) : a;
      const y = product(call, { weight: 1, input, map: matrixMap("io") });
      return [a.shape.length === 1 ? ops.reshape(y, shape) : y];
    }
    if (call.arrays[0] === 0) return [weightTimes(call, b)];
    const left = a.shape.length === 1 ? ops.reshape(a, [1, a.shape[0]!]) : a;
    const right = b.shape.length === 1 ? ops.reshape(b, [b.shape[0]!, 1]) : b;
    return [ops.reshape(ops.matmul(left, right), matmulShape(a.shape, b.shape))];
  },
  integers: null,
});

/** w: [out, in] times x: [..., in, columns], as (xᵀwᵀ)ᵀ: the word lines read the columns of x. */
function weightTimes(call: RunCall, x: Tensor): Tensor {
  const times = (input: Tensor) => product(call, { weight: 0, input, map: matrixMap("oi") });
  if (x.shape.length === 1) {
    const y = times(ops.reshape(x, [1, x.shape[0]!]));
    return ops.reshape(y, [y.shape[1]!]);
  }
  const perm = x.shape.map((_, axis) => axis);
  perm.push(...perm.splice(-2).reverse());
  return ops.transpose(times(ops.transpose(x, { perm })), { perm });
}
