import { assign, type Tensor } from "@neft/tensor";

/** Contents of tensors, in a fixed order: plain data. */
export type Weights = readonly Float32Array[];

/**
 * Room for the contents of tensors: where the environment has shared memory (Node; a page that is cross-origin isolated) in
 * one block of it, so that a message to another thread carries no copy.
 */
export function weightsLike(tensors: Iterable<Tensor>): Weights {
  const sizes = Array.from(tensors, ({ size }) => size);
  const bytes = 4 * sizes.reduce((sum, size) => sum + size, 0);
  const buffer = typeof SharedArrayBuffer === "undefined" ? new ArrayBuffer(bytes) : new SharedArrayBuffer(bytes);
  let at = 0;
  return sizes.map((size) => {
    at += 4 * size;
    return new Float32Array(buffer, at - 4 * size, size);
  });
}

/** Copies the contents of tensors, into room made for them before where it is given. */
export function readWeights(tensors: Iterable<Tensor>, room?: Weights): Weights {
  const sources = [...tensors];
  const weights = room ?? weightsLike(sources);
  for (const [i, tensor] of sources.entries()) tensor.copyTo(weights[i]!);
  return weights;
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
