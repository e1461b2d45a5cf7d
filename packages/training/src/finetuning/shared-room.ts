import { type Weights, weightsLike } from "@neft/evaluation";
import type { Tensor } from "@neft/tensor";

/** Memory that a run and its workers have in common: plain data, whose clone is the same memory. */
export interface SharedRoom {
  /** Contents of the trained parameters for the step under way. */
  readonly weights: Weights;
  /** Gradients of each shard. */
  readonly gradients: readonly Weights[];
}

/** Room for a run's steps, where the environment has shared memory: messages of a step then carry no arrays at all. */
export function sharedRoom(tensors: readonly Tensor[], shards: number): SharedRoom | undefined {
  if (typeof SharedArrayBuffer === "undefined") return undefined;
  return { weights: weightsLike(tensors), gradients: Array.from({ length: shards }, () => weightsLike(tensors)) };
}
