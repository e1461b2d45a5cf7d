import { inWords } from "@neft/options";
import type { Tensor, Variation } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { arrayInput } from "../array-node.js";
import { floatAttribute, intAttribute } from "../attributes.js";
import { matmulShape } from "../dimensions.js";
import type { ArrayCall, KnownValue, RunCall } from "./operator.js";
import { defineOperator, need, needFloat } from "./operator.js";

// Matrix products. If the weight is a parameter, the node is an array node and the backend computes the product.

/** Index of the input that is the weight of an array node; undefined for any other node. */
function weightInput({ node, context }: RunCall): 0 | 1 | undefined {
  return arrayInput(node, (name) => context.weightOf(name));
}

/**
 * Computes a product with input `at` as weight. If that is the weight of an array node, the backend computes it.
 *
 * ΔW is drawn in the parameter's element order, and views are applied to W + ΔW. So all products with one parameter
 * share one draw.
 *
 * @throws {RangeError} for variation per sample of a weight read through views.
 */
export function product(
  call: RunCall,
  at: 0 | 1,
  digital: ArrayCall["digital"],
  digitalEach?: ArrayCall["digitalEach"],
): Tensor {
  const { node, context } = call;
  const weight = need(call.inputs, at);
  if (weightInput(call) !== at) return digital(weight);
  const input = need(call.inputs, 1 - at);
  const found = context.weightOf(node.inputs[at]!)!;
  const { parameter: weightName, views } = found;
  if (views.length === 0) return context.product({ node, weightName, weight, input, digital, digitalEach });
  const parameter = context.parameter(weightName);
  const viewed = (w: Tensor, variation?: Variation): Tensor => {
    if (variation?.perSample === true) {
      const through = views.map(({ op }) => op).join(", ");
      throw new RangeError(
        `parameter ${inWords(weightName)}: expected one draw for all samples where a product reads it through ${through}, got perSample`,
      );
    }
    if (variation !== undefined) return context.view(found, ops.varied(w, { variation }));
    return w === parameter ? weight : context.view(found, w);
  };
  return context.product({
    node,
    weightName,
    weight: parameter,
    input,
    digital: (w, variation) => digital(viewed(w, variation)),
    digitalEach: digitalEach && ((weights) => digitalEach(weights.map((w) => viewed(w)))),
  });
}

/**
 * y = alpha·A'B' + beta·C. A': [M, K] and B': [K, N] are A and B, transposed if transA or transB is 1. C broadcasts
 * to [M, N].
 */
export const gemm = defineOperator({
  name: "Gemm",
  arity: [2, 3],
  infer: ({ node, inputs }) => {
    const side = (value: KnownValue, transposed: string) => {
      if (value.shape.length !== 2) throw new RangeError(`expected matrices, got [${value.shape.join(", ")}]`);
      return intAttribute(node, transposed, 0) === 0 ? value.shape : [value.shape[1]!, value.shape[0]!];
    };
    const shape = matmulShape(side(needFloat(inputs, 0), "transA"), side(needFloat(inputs, 1), "transB"));
    const c = inputs[2];
    if (c !== undefined && ops.broadcastShapes(shape, c.shape).join() !== shape.join()) {
      throw new RangeError(`expected C to broadcast to [${shape.join(", ")}], got [${c.shape.join(", ")}]`);
    }
    return [{ dtype: "f32", shape }];
  },
  run: (call) => {
    const { node, inputs } = call;
    const [a, b, c] = [need(inputs, 0), need(inputs, 1), inputs[2]];
    const [alpha, beta] = [floatAttribute(node, "alpha", 1), floatAttribute(node, "beta", 1)];
    const isTransposed = (name: string) => intAttribute(node, name, 0) !== 0;
    const transposeIf = (x: Tensor, turn: boolean) => (turn ? ops.transpose(x, { perm: [1, 0] }) : x);
    let y: Tensor;
    let rest = c;
    if (weightInput(call) === 0) {
      // (A'B')ᵀ = B'ᵀA'ᵀ: the word lines read the columns of B'.
      const columns = transposeIf(b, !isTransposed("transB"));
      const layout = isTransposed("transA") ? "io" : "oi";
      y = transposeIf(
        product(call, 0, (w, variation) => ops.linear(columns, w, undefined, { layout, variation })),
        true,
      );
    } else {
      const rows = transposeIf(a, isTransposed("transA"));
      const layout = isTransposed("transB") ? "oi" : "io";
      const outputs = b.shape[layout === "oi" ? 0 : 1];
      const fused = alpha === 1 && beta === 1 && c?.shape.length === 1 && c.shape[0] === outputs ? c : undefined;
      if (fused !== undefined) rest = undefined;
      const isLast = alpha === 1 && rest === undefined;
      const rectified = call.rectified && isLast;
      y = product(call, 1, (w, variation) => ops.linear(rows, w, fused, { layout, rectified, variation }));
      if (isLast) return [y];
    }
    if (alpha !== 1) y = ops.scale(y, alpha);
    if (rest !== undefined) y = ops.add(y, beta === 1 ? rest : ops.scale(rest, beta));
    return [call.rectified ? ops.relu(y) : y];
  },
  fusesRelu: true,
  elements: null,
});

/** y = AB over the last two axes, with NumPy's rules. Either operand can be a parameter. */
export const matmul = defineOperator({
  name: "MatMul",
  arity: [2, 2],
  infer: ({ inputs }) => {
    return [{ dtype: "f32", shape: matmulShape(needFloat(inputs, 0).shape, needFloat(inputs, 1).shape) }];
  },
  run: (call) => {
    const [a, b] = [need(call.inputs, 0), need(call.inputs, 1)];
    const input = weightInput(call);
    if (input === 1) {
      const shape = matmulShape(a.shape, b.shape);
      const rows = a.shape.length === 1 ? ops.reshape(a, [1, a.shape[0]!]) : a;
      const y = product(call, 1, (w, variation) => ops.linear(rows, w, undefined, { layout: "io", variation }));
      return [a.shape.length === 1 ? ops.reshape(y, shape) : y];
    }
    if (input === 0) return [weightTimes(call, b)];
    const left = a.shape.length === 1 ? ops.reshape(a, [1, a.shape[0]!]) : a;
    const right = b.shape.length === 1 ? ops.reshape(b, [b.shape[0]!, 1]) : b;
    return [ops.reshape(ops.matmul(left, right), matmulShape(a.shape, b.shape))];
  },
  elements: null,
});

/** w: [out, in] times x: [..., in, columns], as (xᵀwᵀ)ᵀ: the word lines read the columns of x. */
function weightTimes(call: RunCall, x: Tensor): Tensor {
  const times = (rows: Tensor) =>
    product(call, 0, (w, variation) => ops.linear(rows, w, undefined, { layout: "oi", variation }));
  if (x.shape.length === 1) {
    const y = times(ops.reshape(x, [1, x.shape[0]!]));
    return ops.reshape(y, [y.shape[1]!]);
  }
  const perm = x.shape.map((_, axis) => axis);
  perm.push(...perm.splice(-2).reverse());
  return ops.transpose(times(ops.transpose(x, { perm })), { perm });
}
