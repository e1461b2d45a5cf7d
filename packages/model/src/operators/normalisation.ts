import * as ops from "@neft/tensor";
import { type AttributeSchema, int, real, zero } from "../attribute-kinds.js";
import { type Adaptor, defineAdaptor, defineOperator, float } from "./operator.js";
import { firstInputPosition } from "./tracks.js";

const spatial = int({ default: 1, min: 1, max: 1 });

const common = { epsilon: real({ default: 1e-5 }), momentum: real({ default: 0.9 }) };

/** Before opset 14, declaring the batch's statistics as outputs selects training mode. */
function before14(attributes: AttributeSchema, limits: string): Adaptor {
  return defineAdaptor({
    inputs: [5, 5],
    outputs: 5,
    attributes: { ...common, ...attributes } as AttributeSchema,
    limits,
    adapt: ({ outputs, attributes: { epsilon, momentum, is_test } }) => {
      if (is_test === 0) throw new Error("is_test: expected 1, got 0: export the network in evaluation mode");
      if (outputs.length > 1) {
        throw new Error(
          `expected one output, got ${outputs.length}, which before opset 14 means training mode: export the network in evaluation mode`,
        );
      }
      return { attributes: { epsilon, momentum } };
    },
  });
}

/**
 * y = gamma·(x − mean)/√(variance + epsilon) + beta per channel. x: [N, C, …]; gamma, beta, mean, variance: [C].
 *
 * In runs with batchNorm "batch", mean and variance are those of the batch, gradients flow through both, and the run
 * reports them. Nodes in `frozenNorms` use the running statistics in any run.
 */
export const batchNormalization = defineOperator({
  name: "BatchNormalization",
  since: 14,
  inputs: [5, 5],
  declares: 3,
  attributes: { ...common, training_mode: zero("export the network in evaluation mode") },
  traits: {
    tail: true,
    parameters: [1, 2, 3, 4],
    running: { mean: 3, variance: 4 },
    scaling: { kind: "gains", gain: 1, shift: 2, axis: 1 },
  },
  limits: "training_mode 0",
  older: {
    6: before14({ spatial, is_test: int({ default: 0, min: 1, max: 1 }) }, "is_test 1, spatial 1"),
    7: before14({ spatial }, "spatial 1"),
    9: before14({}, "one output"),
  },
  track: firstInputPosition,
  infer: ([x, ...vectors]) => {
    float(x);
    if (x.shape.length < 2) throw new RangeError(`expected an input of rank 2 or more, got [${x.shape.join(", ")}]`);
    for (const [i, { shape }] of vectors.entries()) {
      float(vectors[i]!, i + 1);
      if (shape.length !== 1 || shape[0] !== x.shape[1]) {
        throw new RangeError(`expected input ${i + 1} as [${x.shape[1]}], got [${shape.join(", ")}]`);
      }
    }
    return [{ dtype: "f32", shape: x.shape }];
  },
  run: ([x, gamma, beta, mean, variance], { epsilon, momentum }, { node, context }) => {
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
        momentum,
      });
    }
    return [output];
  },
  integers: null,
});
