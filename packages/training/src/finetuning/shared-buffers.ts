import { type Weights, weightsLike } from "@neft/evaluation";
import type { Tensor } from "@neft/tensor";

/** Memory shared by a run and its workers. A structured clone refers to the same memory. */
export interface SharedBuffers {
  /** Values of the trained parameters in the current step. */
  readonly weights: Weights;
  /** Gradients, by shard. */
  readonly gradients: readonly Weights[];
}

/** Allocates memory through which a step passes weights and gradients, so that messages carry no arrays. Undefined without shared memory. */
export function allocateSharedBuffers(tensors: readonly Tensor[], shards: number): SharedBuffers | undefined {
  if (typeof SharedArrayBuffer === "undefined") return undefined;
  return { weights: weightsLike(tensors), gradients: Array.from({ length: shards }, () => weightsLike(tensors)) };
}
