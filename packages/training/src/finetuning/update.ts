import { applyStatistics, type Model } from "@neft/model";
import { addScaled, persistent, scope, setScaled, type Tensor, tensor } from "@neft/tensor";
import type { OptimiserState } from "../optimisers.js";
import type { ShardResult } from "./shards.js";

/**
 * Makes steps of what shards contribute. Gradients are added in shard order, each weighted by its share of the samples, and batch
 * norm's running statistics move in shard order, within a shard in the order its forwards ran: whoever computed a shard, and
 * whenever its result comes.
 */
export class StepUpdate {
  /** Sums over the shards so far, one for each trained tensor; they live outside all scopes. */
  readonly #sums: readonly Tensor[];
  #samples = 0;
  #results: ShardResult[] = [];
  /** Shards whose gradients are in the sums. */
  #added = 0;

  constructor(
    readonly model: Model,
    readonly trained: readonly Tensor[],
    readonly optimiser: OptimiserState,
  ) {
    this.#sums = trained.map(({ size, shape }) => persistent(new Float32Array(size), shape));
  }

  /** Begins a step of so many samples; what was taken of another is forgotten. */
  begin(samples: number): void {
    this.#samples = samples;
    this.#results = [];
    this.#added = 0;
  }

  /** Takes a shard's result. It is added up as soon as those before it are there: while other shards are still at work. */
  take(shard: number, result: ShardResult): void {
    this.#results[shard] = result;
    for (let next = this.#results[this.#added]; next !== undefined; next = this.#results[++this.#added])
      this.#add(next);
  }

  /** Mean loss over the samples. */
  loss(): number {
    return this.#results.reduce((sum, { loss, count }) => sum + (loss * count) / this.#samples, 0);
  }

  /** Steps, with the results of all shards taken. */
  apply(learningRate: number): void {
    this.optimiser.step(this.#sums, learningRate);
    for (const { statistics } of this.#results) applyStatistics(this.model, statistics);
  }

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
