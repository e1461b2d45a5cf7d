import { applyStatistics, type Model } from "@neft/model";
import { addScaled, persistent, scope, setScaled, type Tensor, tensor } from "@neft/tensor";
import type { OptimiserState } from "../optimisers.js";
import type { Passes } from "../strategy.js";
import type { ShardResult } from "./shards.js";

/**
 * Combines the results of a step's shards and updates the weights. Gradients are added in shard order, weighted by shard size. Running
 * statistics of batch normalisation are updated in shard order, and within a shard in the order of its forward passes. The result
 * doesn't depend on the order in which shards arrive.
 */
export class StepUpdate {
  /** Gradients of the batch's mean loss, one per trained tensor, once all shards are taken. Outside all scopes. */
  readonly gradients: readonly Tensor[];
  #samples = 0;
  #results: ShardResult[] = [];
  /** Number of shards whose gradients are added. */
  #added = 0;

  constructor(
    readonly model: Model,
    readonly trained: readonly Tensor[],
    readonly optimiser: OptimiserState,
  ) {
    this.gradients = trained.map(({ size, shape }) => persistent(new Float32Array(size), shape));
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

  /** Passes through the network that the batch took. All shards take the same, each of its own samples. */
  passes(): Passes {
    return this.#results.find((one) => one !== undefined)!.passes;
  }

  /** Updates the weights and running statistics in place. All shards must have been taken. */
  apply(learningRate: number): void {
    this.optimiser.step(this.gradients, learningRate);
    for (const { statistics } of this.#results) applyStatistics(this.model, statistics);
  }

  /** Frees the gradients. */
  dispose(): void {
    for (const sum of this.gradients) sum.dispose();
  }

  #add(result: ShardResult): void {
    const share = result.count / this.#samples;
    const add = this.#added === 0 ? setScaled : addScaled;
    for (const [i, sum] of this.gradients.entries()) {
      scope(() => add(sum, tensor(result.gradients[i]!, sum.shape), share));
    }
  }
}
