import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { floatAttribute } from "../attributes.js";
import { defineOperator, need, needFloat } from "./operator.js";

/**
 * y = gamma·(x − mean)/√(variance + epsilon) + beta per channel. x: [N, C, …]; gamma, beta, mean, variance: [C].
 *
 * In runs with batchNorm "batch", mean and variance are those of the batch, gradients flow through both, and the run
 * reports them. Nodes in `frozenNorms` use the running statistics in any run.
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
    const [x, gamma, beta, mean, variance] = [0, 1, 2, 3, 4].map((i) => need(inputs, i)) as BatchNormInputs;
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

type BatchNormInputs = [Tensor, Tensor, Tensor, Tensor, Tensor];
