import { Descent } from "./descent.js";
import { addSlopes, isFree, largestOf, multipliers, type Problem, sharesOfLargest, type Term } from "./problem.js";

/** Σ of the squared sensitivities of the output to each element, by group, for each weight. */
export type Sensitivities = readonly Float64Array[];

const steps = 300;
/** Largest first step of a factor's logarithm. */
const rate = 0.05;

/** Numbers of doublings of the p of the p-norms that stand for maxima: from 8 to 256. */
const doublings = { first: 3, last: 8 };

/**
 * Variance of a network's outputs to first order in the variation, up to a constant:
 *
 *   J = Σ over weights of S²·Σ_g f_g/e_g², S = max_g m_g·e_g,
 *
 * where e_g multiplies group g, m_g is its max|w| and f_g the sum of its squared sensitivities before that. In the
 * logarithms of the factors, J is a sum of products of exponentials of convex functions, so it is convex: there is one
 * minimum.
 */
export function firstOrderVariance(problem: Problem, sensitivities: Sensitivities, factors: Float64Array): number {
  return problem.terms.reduce((sum, term, i) => {
    const all = multipliers(term, factors);
    const full = largestOf(term, all);
    let spread = 0;
    for (let g = 0; g < all.length; g++) spread += sensitivities[i]![g]! / (all[g]! * all[g]!);
    return sum + full * full * spread;
  }, 0);
}

/** `firstOrderVariance` with the factors, divided by that of the factors 1. */
export function varianceRatio(problem: Problem, sensitivities: Sensitivities, factors: Float64Array): number {
  const before = firstOrderVariance(problem, sensitivities, factors.slice().fill(1));
  return before > 0 ? firstOrderVariance(problem, sensitivities, factors) / before : 1;
}

/**
 * Adds the gradient of one weight's part of `firstOrderVariance` by ln of the factors, with the p-norm in place of the
 * maximum, p = 2^doublings. @returns the part.
 */
function addGradient(
  term: Term,
  sensitivity: Float64Array,
  factors: Float64Array,
  doublings: number,
  gradient: Float64Array,
): number {
  const all = multipliers(term, factors);
  const full = largestOf(term, all);
  if (full === 0) return 0;
  const { shares: slopes, sum } = sharesOfLargest(term, all, full, doublings);
  const count = all.length;
  let spread = 0;
  for (let g = 0; g < count; g++) {
    all[g] = sensitivity[g]! / (all[g]! * all[g]!);
    spread += all[g]!;
  }
  let norm = sum;
  for (let k = 0; k < doublings; k++) norm = Math.sqrt(norm);
  const square = full * norm * (full * norm);
  for (let g = 0; g < count; g++) slopes[g] = 2 * square * ((spread * slopes[g]!) / sum - all[g]!);
  addSlopes(term, slopes, gradient);
  return square * spread;
}

/** The factors that minimise `firstOrderVariance`. */
export function minimise(problem: Problem, sensitivities: Sensitivities): Float64Array {
  const factors = new Float64Array(problem.count).fill(1);
  const gradient = new Float64Array(problem.count);
  const descent = new Descent(factors);
  // Weights without free factors don't depend on any.
  const parts = problem.terms.flatMap((term, i) => (isFree(term) ? [{ term, sensitivity: sensitivities[i]! }] : []));
  const { first, last } = doublings;
  for (let step = 0; step < steps; step++) {
    const left = 1 - step / steps;
    const sharpness = first + Math.floor(((last - first + 1) * step) / steps);
    gradient.fill(0);
    let value = 0;
    for (const { term, sensitivity } of parts) value += addGradient(term, sensitivity, factors, sharpness, gradient);
    if (!(value > 0)) break;
    for (let i = 0; i < gradient.length; i++) gradient[i]! /= value;
    descent.step(gradient, rate * left * left);
  }
  return factors;
}
