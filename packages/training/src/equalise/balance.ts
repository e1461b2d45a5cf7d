import { isFree, largestOf, multipliers, type Problem, type Term } from "./problem.js";

/** Bounds of a factor without data. Source: our measurements; channels far below the others are often of no use. */
const bounds = { min: 0.2, max: 5 };

const sweeps = 200;

/**
 * Factors that make channels use the range of their weights alike, from the weights alone.
 *
 * With r the largest |w|/max|W| of the elements that a factor divides, and q that of those that it multiplies, each step
 * multiplies the factor by √(r/q): then both are equal. A factor that only divides, as before a batch normalisation, is
 * multiplied by r: then the channel uses the whole range.
 *
 * Source: cross-layer equalisation of Nagel et al., ICCV 2019, with ranges relative to the tensor's.
 */
export function balance({ count, terms }: Problem): Float64Array {
  const factors = new Float64Array(count).fill(1);
  const free = terms.filter(isFree);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    const [multiplied, divided] = [new Float64Array(count), new Float64Array(count)];
    for (const term of free) addRatios(term, factors, multiplied, divided);
    let change = 0;
    for (let i = 0; i < count; i++) {
      const [r, q] = [divided[i]!, multiplied[i]!];
      if (r === 0 && q === 0) continue;
      const ratio = q === 0 ? r : r === 0 ? 1 / q : Math.sqrt(r / q);
      // Half a step, because all factors move at once.
      const next = Math.min(bounds.max, Math.max(bounds.min, factors[i]! * Math.sqrt(ratio)));
      change = Math.max(change, Math.abs(next / factors[i]! - 1));
      factors[i] = next;
    }
    if (change < 1e-4) break;
  }
  return factors;
}

/** Raises, for each factor, the largest |w|/max|W| of the elements that it multiplies and divides. */
function addRatios(term: Term, factors: Float64Array, multiplied: Float64Array, divided: Float64Array): void {
  const all = multipliers(term, factors);
  const full = largestOf(term, all);
  if (full === 0) return;
  const raise = (number: number, ratio: number): void => {
    const own = number > 0 ? multiplied : divided;
    const at = Math.abs(number) - 1;
    if (number !== 0 && ratio > own[at]!) own[at] = ratio;
  };
  for (let g = 0; g < all.length; g++) {
    const ratio = (term.largest[g]! * all[g]!) / full;
    raise(term.up[g]!, ratio);
    raise(-term.down[g]!, ratio);
  }
}
