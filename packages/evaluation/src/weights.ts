import { assign, type Tensor } from "@neft/tensor";

/** Values of several tensors, in a fixed order. Plain data. */
export type Weights = readonly Float32Array[];

/**
 * Allocates arrays of the tensors' sizes, filled with zeros, in one buffer. The buffer is shared memory where available (Node, or a
 * cross-origin isolated page), so that messages to other threads don't copy it.
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

/** Copies the tensors' values into `target`. Default: newly allocated arrays. */
export function readWeights(tensors: Iterable<Tensor>, target?: Weights): Weights {
  const sources = [...tensors];
  const weights = target ?? weightsLike(sources);
  for (const [i, tensor] of sources.entries()) tensor.copyTo(weights[i]!);
  return weights;
}

/**
 * Copies values into the tensors, in place.
 * @throws {RangeError} if the numbers of tensors and arrays differ.
 */
export function writeWeights(tensors: Iterable<Tensor>, weights: Weights): void {
  const targets = [...tensors];
  if (targets.length !== weights.length) {
    throw new RangeError(`weights: expected ${targets.length} arrays, one for each tensor, got ${weights.length}`);
  }
  for (const [i, tensor] of targets.entries()) assign(tensor, weights[i]!);
}
