import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { floatAttribute } from "../attributes.js";
import { clipIntegers } from "../integers.js";
import type { InferCall, KnownValue, Operator } from "./operator.js";
import { defineOperator, need, needFloat } from "./operator.js";

function inferSame({ inputs }: InferCall): KnownValue[] {
  const x = needFloat(inputs, 0);
  return [{ dtype: x.dtype, shape: x.shape }];
}

/** Defines an elementwise operator on floats. */
function activation(name: string, float: (x: Tensor) => Tensor): Operator {
  return defineOperator({
    name,
    arity: [1, 1],
    infer: inferSame,
    run: ({ inputs }) => [float(need(inputs, 0))],
    elements: null,
  });
}

/** y = max(x, 0). */
export const relu = activation("Relu", ops.relu);
/** y = 1/(1 + e⁻ˣ). */
export const sigmoid = activation("Sigmoid", ops.sigmoid);
export const tanh = activation("Tanh", ops.tanh);

/** y = x where x ≥ 0, alpha·x elsewhere. */
export const leakyRelu = defineOperator({
  name: "LeakyRelu",
  arity: [1, 1],
  infer: inferSame,
  run: ({ node, inputs }) => [ops.leakyRelu(need(inputs, 0), { alpha: floatAttribute(node, "alpha", 0.01) })],
  elements: null,
});

/** y = min(max(x, low), high). The bounds are optional scalar inputs. */
export const clip = defineOperator({
  name: "Clip",
  arity: [1, 3],
  infer: ({ inputs }) => {
    const x = need(inputs, 0);
    for (const bound of inputs.slice(1)) {
      if (bound !== undefined && (bound.dtype !== x.dtype || bound.shape.some((n) => n !== 1))) {
        throw new TypeError(
          `expected bounds that are ${x.dtype} scalars, got ${bound.dtype} [${bound.shape.join(", ")}]`,
        );
      }
    }
    return [{ dtype: x.dtype, shape: x.shape }];
  },
  run: ({ inputs }) => {
    const [low, high] = [inputs[1]?.item(), inputs[2]?.item()];
    return [
      ops.clip(need(inputs, 0), { ...(low !== undefined && { min: low }), ...(high !== undefined && { max: high }) }),
    ];
  },
  elements: ({ inputs }) => [clipIntegers(need(inputs, 0), inputs[1], inputs[2])],
});

/** y = x. */
export const identity = defineOperator({
  name: "Identity",
  arity: [1, 1],
  infer: ({ inputs }) => [need(inputs, 0)],
  run: ({ inputs }) => [need(inputs, 0)],
  elements: ({ inputs }) => [need(inputs, 0)],
});
