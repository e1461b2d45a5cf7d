import { wasm } from "@neft/kernels";
import { applyStatistics, type Model } from "@neft/model";
import { scope, type Tensor, tensor, zeros } from "@neft/tensor";
import type { OptimiserState } from "../optimisers.js";
import type { ShardResult } from "./shards.js";

/**
 * One step with the results of all shards: gradients are added in shard order, each weighted by its share of the samples,
 * and batch norm's running statistics move in shard order, within a shard in the order its forwards ran.
 */
export function applyShards(
  model: Model,
  trained: readonly Tensor[],
  results: readonly ShardResult[],
  optimiser: OptimiserState,
  learningRate: number,
): void {
  const count = results.reduce((sum, result) => sum + result.count, 0);
  scope(() => {
    const gradients = trained.map(({ shape, size }, i) => {
      const total = zeros([...shape]);
      for (const result of results) {
        scope(() => wasm().axpy(result.count / count, tensor(result.gradients[i]!, [...shape]).ptr, total.ptr, size));
      }
      return total;
    });
    optimiser.step(gradients, learningRate);
  });
  for (const { statistics } of results) applyStatistics(model, statistics);
}
