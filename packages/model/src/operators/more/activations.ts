import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { type AttributeSchema, type AttributesOf, flag, real, text } from "../../attribute-kinds.js";
import { likeFloat } from "../infer.js";
import { defineAdaptor, defineOperator, float, type Operator } from "../operator.js";
import { firstElements } from "../scaling.js";
import { firstInputPosition } from "../tracks.js";

/** Defines an activation with attributes. */
function activation<const S extends AttributeSchema>(
  name: string,
  since: number,
  attributes: S,
  run: (x: Tensor, attributes: AttributesOf<S>) => Tensor,
): Operator {
  return defineOperator({
    name,
    since,
    inputs: [1, 1],
    attributes,
    traits: { tail: true },
    track: firstInputPosition,
    infer: likeFloat,
    run: ([x], values) => [run(x, values)],
    integers: null,
  });
}

const slope = { alpha: real({ default: 1 }) };

/** x for x ≥ 0, alpha·(eˣ − 1) below. */
export const elu = activation("Elu", 6, slope, ops.elu);
/** x for x ≥ 0, alpha·(e^(x/alpha) − 1) below. */
export const celu = activation("Celu", 12, slope, ops.celu);
/** gamma·x for x > 0, gamma·alpha·(eˣ − 1) elsewhere. */
export const selu = activation(
  "Selu",
  6,
  { alpha: real({ default: 1.6732631921768188 }), gamma: real({ default: 1.0507010221481323 }) },
  ops.selu,
);
/** min(max(alpha·x + beta, 0), 1). */
export const hardSigmoid = activation(
  "HardSigmoid",
  6,
  { alpha: real({ default: Math.fround(0.2) }), beta: real({ default: 0.5 }) },
  ops.hardSigmoid,
);
/** x·min(max(x/6 + 1/2, 0), 1). */
export const hardSwish = activation("HardSwish", 14, {}, ops.hardSwish);
/** x·tanh(ln(1 + eˣ)). */
export const mish = activation("Mish", 18, {}, ops.mish);
/** x·Φ(x), with Φ the normal distribution, or its approximation by tanh. */
export const gelu = activation(
  "Gelu",
  20,
  { approximate: text(["none", "tanh"], { default: "none" }) },
  (x, { approximate }) => (approximate === "tanh" ? ops.geluTanh(x) : ops.gelu(x)),
);
/** ln(1 + eˣ). */
export const softplus = activation("Softplus", 1, {}, ops.softplus);
/** x/(1 + |x|). */
export const softsign = activation("Softsign", 1, {}, ops.softsign);
/** x/(1 + e^(−alpha·x)). */
export const swish = activation("Swish", 24, slope, ops.swish);
/** x for x > alpha, 0 elsewhere. */
export const thresholdedRelu = activation("ThresholdedRelu", 10, slope, ops.thresholdedRelu);
/** x + bias for x < −lambd, x − bias for x > lambd, 0 between. */
export const shrink = activation(
  "Shrink",
  9,
  { bias: real({ default: 0 }), lambd: real({ default: 0.5 }) },
  ops.shrink,
);

/** Shape of the slopes for broadcasting. */
const slopeShape = (slopes: readonly number[], isByChannel: boolean, rank: number): readonly number[] =>
  isByChannel && slopes.length === 1 && rank > 1 ? [slopes[0]!, ...new Array<number>(rank - 2).fill(1)] : slopes;

/**
 * x for x ≥ 0, slope·x below. The slope broadcasts to x and is trained when it is a fixed tensor. With `by_channel`
 * (opset 6), a vector of slopes has one for each channel.
 */
export const prelu = defineOperator({
  name: "PRelu",
  since: 7,
  inputs: [2, 2],
  attributes: { by_channel: flag(false, { internal: true }) },
  traits: { tail: true, parameters: [1], scaling: firstElements },
  older: {
    6: defineAdaptor({ inputs: [2, 2], attributes: {}, adapt: () => ({ attributes: { by_channel: true } }) }),
  },
  track: firstInputPosition,
  infer: ([x, slopes], { by_channel: isByChannel }) => {
    const own = slopeShape(float(slopes, 1).shape, isByChannel, x.shape.length);
    if (ops.broadcastShapes(float(x, 0).shape, own).join() !== x.shape.join()) {
      throw new RangeError(
        `expected a slope that broadcasts to [${x.shape.join(", ")}], got [${slopes.shape.join(", ")}]`,
      );
    }
    return likeFloat([x]);
  },
  run: ([x, slopes], { by_channel: isByChannel }) => [
    ops.prelu(x, ops.reshape(slopes, slopeShape(slopes.shape, isByChannel, x.shape.length))),
  ],
  integers: null,
});
