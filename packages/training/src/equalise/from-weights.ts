import { balance } from "./balance.js";
import { minimise, type Sensitivities } from "./minimise.js";
import { multipliers, type Problem, slotValues } from "./problem.js";

/**
 * Factors from the weights alone: the geometric means of those that balance the channels' ranges and of those that
 * minimise the variance if all elements of a balanced weight count alike. In logarithms the variance is
 * convex, so their mean does no worse than the two on average, whatever the sensitivities are.
 *
 * Both parts end at weights that hardly depend on the scales of the given ones, so that a second call finds nearly 1.
 * Pauses after each step, with the number of `minimise`'s steps done.
 *
 * @param start  Factors to begin with.
 */
export function* factorsFromWeights(problem: Problem, start: Float64Array): Generator<number, Float64Array, void> {
  const balanced = yield* balance(problem, start);
  const { factors } = balanced;
  const least = yield* minimise(problem, alikeSensitivities(problem, factors), balanced);
  return factors.map((factor, i) => Math.sqrt(factor * least[i]!));
}

/** Sensitivities without samples: with the given factors, the variance of a weight counts relative to its power. */
export function alikeSensitivities(problem: Problem, factors: Float64Array): Sensitivities {
  const values = slotValues(factors);
  return problem.terms.map((term) => {
    const all = multipliers(term, values);
    let power = 0;
    for (let g = 0; g < all.length; g++) power += term.squares[g]! * all[g]! * all[g]!;
    return all.map((multiplier, g) => (power > 0 ? (term.counts[g]! * multiplier * multiplier) / power : 0));
  });
}
