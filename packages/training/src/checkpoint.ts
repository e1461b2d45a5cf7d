import { assign, type Tensor } from "@neft/tensor";

/** Copies of parameters, in a fixed order: plain data. */
export type Weights = readonly Float32Array[];

/** Copies the contents of tensors. */
export function readWeights(tensors: Iterable<Tensor>): Weights {
  return Array.from(tensors, (tensor) => tensor.toArray() as Float32Array);
}

/**
 * Overwrites the contents of tensors.
 * @throws {RangeError} when the numbers of tensors differ.
 */
export function writeWeights(tensors: Iterable<Tensor>, weights: Weights): void {
  const targets = [...tensors];
  if (targets.length !== weights.length) {
    throw new RangeError(`weights: expected ${targets.length} tensors, got ${weights.length}`);
  }
  for (const [i, tensor] of targets.entries()) assign(tensor, weights[i]!);
}
