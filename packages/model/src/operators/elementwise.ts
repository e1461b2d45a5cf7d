import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { real } from "../attribute-kinds.js";
import { clipIntegers } from "../integers.js";
import { scalar } from "./adaptors.js";
import { like, likeFloat } from "./infer.js";
import { defineAdaptor, defineOperator, type Operator } from "./operator.js";
import { clipped, kept } from "./order.js";
import { elements, firstElements } from "./scaling.js";
import { firstInputPosition } from "./tracks.js";
import type { Traits } from "./traits.js";

/** Defines an elementwise operator on floats. */
function activation(name: string, float: (x: Tensor) => Tensor, traits: Traits<unknown>): Operator {
  return defineOperator({
    name,
    since: 6,
    inputs: [1, 1],
    attributes: {},
    traits: { tail: true, ...traits },
    track: firstInputPosition,
    infer: likeFloat,
    run: ([x]) => [float(x)],
    integers: null,
  });
}

/** y = max(x, 0). */
export const relu = activation("Relu", ops.relu, {
  increasing: true,
  absorbedAs: () => "relu",
  scaling: firstElements,
  order: (interval) => clipped(interval, 0, Number.POSITIVE_INFINITY),
});
/** y = 1/(1 + e⁻ˣ). */
export const sigmoid = activation("Sigmoid", ops.sigmoid, { probability: { range: [0, 1] } });
export const tanh = activation("Tanh", ops.tanh, {});

/** y = x where x ≥ 0, alpha·x elsewhere. */
export const leakyRelu = defineOperator({
  name: "LeakyRelu",
  since: 6,
  inputs: [1, 1],
  attributes: { alpha: real({ default: 0.01 }) },
  traits: { tail: true, scaling: firstElements },
  track: firstInputPosition,
  infer: likeFloat,
  run: ([x], { alpha }) => [ops.leakyRelu(x, { alpha })],
  integers: null,
});

/** y = min(max(x, low), high). The bounds are optional scalar inputs. */
export const clip = defineOperator({
  name: "Clip",
  since: 11,
  inputs: [1, 3],
  attributes: {},
  traits: {
    tail: true,
    scaling: elements,
    order: (interval, constant, _, { inputs: [, low, high] }) =>
      clipped(interval, low ? constant(1) : Number.NEGATIVE_INFINITY, high ? constant(2) : Number.POSITIVE_INFINITY),
  },
  older: {
    6: defineAdaptor({
      inputs: [1, 1],
      attributes: { min: real({ infinite: true }), max: real({ infinite: true }) },
      adapt: ({ inputs, attributes: { min, max }, constant }) => ({
        inputs: [
          inputs[0]!,
          min === undefined ? "" : constant("min", scalar(min)),
          max === undefined ? "" : constant("max", scalar(max)),
        ],
      }),
    }),
  },
  track: firstInputPosition,
  infer: (inputs) => {
    const [x, ...bounds] = inputs;
    for (const bound of bounds) {
      if (bound !== undefined && (bound.dtype !== x.dtype || bound.shape.some((n) => n !== 1))) {
        throw new TypeError(
          `expected bounds that are ${x.dtype} scalars, got ${bound.dtype} [${bound.shape.join(", ")}]`,
        );
      }
    }
    return like(inputs);
  },
  run: ([x, min, max]) => {
    const [low, high] = [min?.item(), max?.item()];
    return [ops.clip(x, { ...(low !== undefined && { min: low }), ...(high !== undefined && { max: high }) })];
  },
  integers: ([x, low, high]) => [clipIntegers(x, low, high)],
});

/** y = x. */
export const identity = defineOperator({
  name: "Identity",
  since: 1,
  inputs: [1, 1],
  attributes: {},
  traits: { tail: true, view: true, copies: true, scaling: firstElements, order: kept },
  limits: "tensors, no sequences or optional values",
  track: firstInputPosition,
  infer: ([x]) => [x],
  run: ([x]) => [x],
  integers: ([x]) => [x],
});
