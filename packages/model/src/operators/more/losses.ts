import * as ops from "@neft/tensor";
import { int, text } from "../../attribute-kinds.js";
import type { KnownValue } from "../../host-array.js";
import { defineOperator, float } from "../operator.js";
import { failMixed } from "../tracks.js";
import { checkShape } from "./vectors.js";

// Losses of files that contain their training. Targets are integers, so samples are followed in no case.

const attributes = { ignore_index: int(), reduction: text(["mean", "sum", "none"], { default: "mean" }) } as const;

/** Shape of a loss. @throws {Error} when x [N, C, …], targets [N, …] and weights [C] don't fit. */
function lossShape(
  [x, targets, weights]: readonly (KnownValue | undefined)[],
  reduction: "mean" | "sum" | "none",
): readonly number[] {
  const { shape } = float(x!);
  const expected = [shape[0], ...shape.slice(2)];
  if (shape.length < 2 || targets!.shape.join() !== expected.join())
    throw new RangeError(
      `expected scores [N, C, …] and targets [N, …], got [${shape.join(", ")}] and [${targets!.shape.join(", ")}]`,
    );
  if (targets!.dtype !== "i64" && targets!.dtype !== "i32")
    throw new TypeError(`expected input 1 as i64 or i32, got ${targets!.dtype}`);
  checkShape(weights, 2, [shape[1]!]);
  return reduction === "none" ? targets!.shape : [];
}

/** −x at the target of each sample, times its weight. x: logarithms of probabilities, [N, C, …]. */
export const negativeLogLikelihoodLoss = defineOperator({
  name: "NegativeLogLikelihoodLoss",
  since: 12,
  inputs: [2, 3],
  attributes,
  traits: {},
  track: failMixed,
  infer: (inputs, { reduction }) => [{ dtype: "f32", shape: lossShape(inputs, reduction) }],
  run: ([x, targets, weights], { ignore_index: ignoreIndex, reduction }) => [
    ops.negativeLogLikelihoodLoss(x, targets, { weights, ignoreIndex, reduction }),
  ],
  integers: null,
});

/** Cross entropy of softmax scores, [N, C, …]. Outputs: the loss, the logarithms of the probabilities. */
export const softmaxCrossEntropyLoss = defineOperator({
  name: "SoftmaxCrossEntropyLoss",
  since: 12,
  inputs: [2, 3],
  outputs: 2,
  attributes,
  traits: {},
  track: failMixed,
  infer: (inputs, { reduction }) => [
    { dtype: "f32", shape: lossShape(inputs, reduction) },
    { dtype: "f32", shape: inputs[0].shape },
  ],
  run: ([x, targets, weights], { ignore_index: ignoreIndex, reduction }) => {
    const { loss, logProbabilities } = ops.softmaxCrossEntropyLoss(x, targets, { weights, ignoreIndex, reduction });
    return [loss, logProbabilities];
  },
  integers: null,
});
