import { inWords } from "@neft/options";
import { assign } from "@neft/tensor";
import type { Model } from "./model.js";
import type { BatchStatistics } from "./operators/operator.js";

/**
 * Updates running statistics with batch statistics, in the given order.
 *
 * running ← momentum·running + (1 − momentum)·batch. The momentum is ONNX's; the batch variance is unbiased, as in
 * PyTorch.
 *
 * @throws {RangeError} when a channel had a single value, which has no unbiased variance.
 */
export function applyStatistics(model: Model, statistics: readonly BatchStatistics[]): void {
  for (const { node, mean, variance, batchMean, batchVariance, count, momentum } of statistics) {
    if (count < 2) {
      throw new RangeError(
        `node ${inWords(node)} (BatchNormalization): expected more than one value per channel, got ${count}`,
      );
    }
    const unbiased = count / (count - 1);
    blend(model, mean, momentum, batchMean, 1);
    blend(model, variance, momentum, batchVariance, unbiased);
  }
}

function blend(model: Model, name: string, momentum: number, batch: Float32Array, factor: number): void {
  const parameter = model.parameters.get(name);
  if (parameter === undefined)
    throw new Error(`model ${inWords(model.name)}: expected parameter ${inWords(name)}, got none`);
  const running = parameter.toArray() as Float32Array;
  assign(
    parameter,
    running.map((value, i) => momentum * value + (1 - momentum) * factor * batch[i]!),
  );
}
