import { isFree, multipliers, type Problem, slotValues, type Term } from "./problem.js";

/** Most sweeps of `balance`. Networks need about 20. */
const mostSweeps = 200;

/**
 * Channels whose largest |w|/max|W| is below this are of no use to a network, and any factor for them would promise a gain. They
 * keep their scale.
 */
const leastRatio = 2 ** -24;

/** What `balance` finds. */
export interface Balance {
  readonly factors: Float64Array;
  /** 1 for each factor of a channel that is of no use. */
  readonly isHeld: Uint8Array;
}

/**
 * Factors that make channels use the range of their weights alike, from the weights alone. Pauses after each sweep, with 0.
 *
 * With r the largest |w|/max|W| of the elements that a factor divides, and q that of those that it multiplies, each step
 * multiplies the factor by √(r/q): then both are equal. A factor that only divides, as before a batch normalisation, is
 * multiplied by r: then the channel uses the whole range. Where they end doesn't depend on the scales that the channels have.
 *
 * Source: cross-layer equalisation of Nagel et al., ICCV 2019, with ranges relative to the tensor's.
 */
export function* balance(problem: Problem, start: Float64Array): Generator<0, Balance, void> {
  const { count } = problem;
  const factors = start.slice();
  const terms = problem.terms.filter((term) => isFree(term, problem));
  const isHeld = new Uint8Array(count);
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    // −1 where no weight has the slot.
    const ratios = new Float64Array(2 * count + 1).fill(-1);
    const values = slotValues(factors);
    for (const term of terms) raiseRatios(term, values, ratios);
    let change = 0;
    for (let i = 0; i < count; i++) {
      const [q, r] = [ratios[count + 1 + i]!, ratios[count - 1 - i]!];
      if (sweep === 0 && [q, r].some((ratio) => ratio >= 0 && ratio < leastRatio)) isHeld[i] = 1;
      if (isHeld[i] === 1) continue;
      const ratio = q < 0 ? r : r < 0 ? 1 / q : Math.sqrt(r / q);
      // Half a step, because all factors move at once.
      const step = Math.sqrt(ratio);
      change = Math.max(change, Math.abs(step - 1));
      factors[i]! *= step;
    }
    if (change < 1e-4) break;
    yield 0;
  }
  return { factors, isHeld };
}

/** Raises, for each slot of a weight, the largest |w|/max|W| of the groups that it multiplies. */
function raiseRatios(term: Term, values: Float64Array, ratios: Float64Array): void {
  const { slots, first, second, largest } = term;
  const own = new Float64Array(slots.length);
  const all = multipliers(term, values);
  let full = 0;
  for (let g = 0; g < all.length; g++) {
    const [size, i, j] = [largest[g]! * all[g]!, first[g]!, second[g]!];
    if (size > full) full = size;
    if (size > own[i]!) own[i] = size;
    if (size > own[j]!) own[j] = size;
  }
  for (let k = 0; k < own.length; k++) {
    const ratio = full > 0 ? own[k]! / full : 0;
    if (ratio > ratios[slots[k]!]!) ratios[slots[k]!] = ratio;
  }
}
