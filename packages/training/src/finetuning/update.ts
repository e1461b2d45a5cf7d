import { applyStatistics, type Model } from "@neft/model";
import { addScaled, persistent, scope, setScaled, type Tensor, tensor } from "@neft/tensor";
import type { OptimiserState } from "../optimisers.js";
import type { ShardResult } from "./shards.js";

/**
 * Combines the results of a step's shards and updates the weights. Gradients are added in shard order, weighted by shard size. Running
 * statistics of batch normalisation are updated in shard order, and within a shard in the order of its forward passes. The result
 * doesn't depend on the order in which shards arrive.
 */
export class StepUpdate {
  /** Gradient sums, one per trained tensor, outside all scopes. */
  readonly #sums: readonly Tensor[];
  #samples = 0;
  #results: ShardResult[] = [];
  /** Number of shards whose gradients are in the sums. */
  #added = 0;

  constructor(
    readonly model: Model,
    readonly trained: readonly Tensor[],
    readonly optimiser: OptimiserState,
  ) {
    this.#sums = trained.map(({ size, shape }) => persistent(new Float32Array(size), shape));
  }

  /** Starts a step of a batch of `samples` samples; discards the results of the last step. */
  begin(samples: number): void {
    this.#samples = samples;
    this.#results = [];
    this.#added = 0;
  }

  /** Takes a shard's result, in any order of shards. Adds its gradients once all earlier shards are added, while later ones still run. */
  take(shard: number, result: ShardResult): void {
    this.#results[shard] = result;
    for (let next = this.#results[this.#added]; next !== undefined; next = this.#results[++this.#added])
      this.#add(next);
  }

  /** Mean loss over the batch's samples. */
  loss(): number {
    return this.#results.reduce((sum, { loss, count }) => sum + (loss * count) / this.#samples, 0);
  }

  /** Updates the weights and running statistics in place. All shards must have been taken. */
  apply(learningRate: number): void {
    this.optimiser.step(this.#sums, learningRate);
    for (const { statistics } of this.#results) applyStatistics(this.model, statistics);
  }

  /** Frees the gradient sums. */
  dispose(): void {
    for (const sum of this.#sums) sum.dispose();
  }

  #add({ count, gradients }: ShardResult): void {
    const share = count / this.#samples;
    const add = this.#added === 0 ? setScaled : addScaled;
    for (const [i, sum] of this.#sums.entries()) {
      scope(() => add(sum, tensor(gradients[i]!, sum.shape), share));
    }
  }
}
