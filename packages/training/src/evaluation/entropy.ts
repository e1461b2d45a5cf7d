import { log, scope, tensor } from "@neft/tensor";
import { toUnits, unit } from "./tally.js";

/**
 * Entropy −Σ p ln p of each row of probabilities, in nats and in units.
 *
 * @param counts   [rows, classes] sums of probabilities in units.
 * @param divisor  how many rows each sum is of.
 * The logarithm is our kernel's, of the float32 nearest to p, so a sum of equal rows has exactly the entropy of one.
 */
export function rowEntropies(counts: Float64Array, classes: number, divisor = 1): Float64Array {
  const total = unit * divisor;
  const rounded = Float32Array.from(counts, (count) => count / total);
  const logarithms = scope(() => log(tensor(rounded, [rounded.length])).toArray() as Float32Array);
  const entropies = new Float64Array(counts.length / classes);
  for (let row = 0; row < entropies.length; row++) {
    let sum = 0;
    for (let i = row * classes; i < (row + 1) * classes; i++) {
      // lim p→0 of p ln p is 0.
      if (rounded[i]! > 0) sum -= (counts[i]! / total) * logarithms[i]!;
    }
    entropies[row] = toUnits(sum);
  }
  return entropies;
}
