import { f64, wasm, withBlocks } from "@neft/kernels";
import { unit } from "./tally.js";

/**
 * Sum over rows of the entropy −Σ p ln p of probabilities, each in nats and in units.
 *
 * @param counts   [rows, classes] sums of probabilities in units.
 * @param divisor  how many rows each sum is of.
 * The logarithm is our kernel's, of the float32 nearest to p, so a sum of equal rows has exactly the entropy of one.
 */
export function entropyOf(counts: Float64Array, classes: number, divisor: number): number {
  return withBlocks([counts.byteLength], (address) => {
    f64(address, counts.length).set(counts);
    return wasm().entropy(address, counts.length / classes, classes, unit * divisor);
  });
}
