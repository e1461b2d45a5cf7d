import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { floatAttribute, intAttribute } from "../attributes.js";
import { axisOf } from "../dimensions.js";
import type { Operator } from "./operator.js";
import { defineOperator, need, needFloat } from "./operator.js";

/**
 * y = gamma·(x − mean)/√(variance + epsilon) + beta per channel.  x: [N, C, …]; the four vectors: [C].
 *
 * A run with batchNorm "batch" takes mean and variance from the batch and reports them, but of nodes that it freezes; gradients flow
 * through both.
 */
export const batchNormalization = defineOperator({
  name: "BatchNormalization",
  arity: [5, 5],
  infer: ({ inputs }) => {
    const x = needFloat(inputs, 0);
    if (x.shape.length < 2) throw new RangeError(`expected an input of rank 2 or more, got [${x.shape.join(", ")}]`);
    for (let i = 1; i < 5; i++) {
      const { shape } = needFloat(inputs, i);
      if (shape.length !== 1 || shape[0] !== x.shape[1]) {
        throw new RangeError(`expected input ${i} as [${x.shape[1]}], got [${shape.join(", ")}]`);
      }
    }
    return [{ dtype: "f32", shape: x.shape }];
  },
  run: ({ node, inputs, context }) => {
    const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((i) => need(inputs, i)) as Five;
    const epsilon = floatAttribute(node, "epsilon", 1e-5);
    const [meanName, varianceName] = [node.inputs[3]!, node.inputs[4]!];
    if (context.batchNorm === "frozen" || context.frozenNorms.has(node.name))
      return [ops.batchNorm(x, gamma, beta, { mean, variance, epsilon })];
    const { output, statistics } = ops.batchNormTrain(x, gamma, beta, { epsilon });
    if (context.isParameter(meanName) && context.isParameter(varianceName)) {
      context.statistics.push({
        node: node.name,
        mean: meanName,
        variance: varianceName,
        batchMean: statistics.mean,
        batchVariance: statistics.variance,
        count: statistics.count,
        momentum: floatAttribute(node, "momentum", 0.9),
      });
    }
    return [output];
  },
  elements: null,
});

type Five = [Tensor, Tensor, Tensor, Tensor, Tensor];

/**
 * Along one axis; with `coerce` 1 (opsets below 13) over all axes from `axis` on, taken as one.
 */
function softmaxLike(name: string, float: (x: Tensor, options: { axis: number }) => Tensor): Operator {
  return defineOperator({
    name,
    arity: [1, 1],
    infer: ({ node, inputs }) => {
      const x = needFloat(inputs, 0);
      axisOf(intAttribute(node, "axis", -1), x.shape.length);
      return [{ dtype: "f32", shape: x.shape }];
    },
    run: ({ node, inputs }) => {
      const x = need(inputs, 0);
      const rank = x.shape.length;
      const axis = axisOf(intAttribute(node, "axis", -1), rank);
      if (intAttribute(node, "coerce", 0) === 0 || axis === rank - 1) return [float(x, { axis })];
      const rows = x.shape.slice(0, axis).reduce((a, b) => a * b, 1);
      const flat = ops.reshape(x, [rows, x.shape.slice(axis).reduce((a, b) => a * b, 1)]);
      return [ops.reshape(float(flat, { axis: 1 }), x.shape)];
    },
    elements: null,
  });
}

export const softmax = softmaxLike("Softmax", ops.softmax);
export const logSoftmax = softmaxLike("LogSoftmax", ops.logSoftmax);

/**
 * y = x, unless the run asks for masks: then each element is 0 with probability ratio, else x/(1 − ratio).
 *
 * The masks' stream is derived from the run's seed and step and the node's name. What the file says about training mode
 * does not matter: the run decides.
 */
export const dropout = defineOperator({
  name: "Dropout",
  arity: [1, 3],
  infer: ({ inputs }) => {
    const { dtype, shape } = needFloat(inputs, 0);
    return [{ dtype, shape }];
  },
  run: ({ node, inputs, context }) => {
    const x = need(inputs, 0);
    if (context.dropout === undefined) return [x];
    const ratio = inputs[1]?.item() ?? 0.5;
    if (!(ratio >= 0 && ratio < 1)) throw new RangeError(`ratio: expected at least 0 and below 1, got ${ratio}`);
    if (ratio === 0) return [x];
    const { seed, step } = context.dropout;
    return [ops.dropout(x, { p: ratio, key: ops.stream(seed, { purpose: "dropout", name: node.name, step }) })];
  },
  elements: null,
});
