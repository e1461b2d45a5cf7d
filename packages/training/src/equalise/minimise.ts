import { Descent } from "./descent.js";
import { addSlopes, isFree, largestOf, multipliers, type Problem, slotValues, type Term } from "./problem.js";
import { addGrid, addProducts, type Grid, gridOf, type Rows } from "./rows.js";

/** Σ of the squared sensitivities of the output to each element, by group, for each weight. */
export type Sensitivities = readonly Float64Array[];

/** Numbers of doublings of the p of the p-norms that stand for maxima, one after the other: from 8 to 256. */
const allDoublings = [3, 4, 5, 6, 7, 8];
/** The steps of each bring J within 0.1 % of its minimum, in our measurements. */
const stepsPerStage = 25;
/** Largest first step of a factor's logarithm. */
const firstRate = 0.05;

/** Most times that the steps with the first p are repeated, while they lower J by `leastFall`. */
const mostRepeats = 10;
const leastFall = 0.01;

/** Number of steps of `minimise`, without repeated ones. */
export const mostSteps = allDoublings.length * stepsPerStage;

/**
 * Variance of a network's outputs to first order in the variation, up to a constant:
 *
 *   J = Σ over weights of S²·Σ_g f_g/e_g², S = max_g m_g·e_g,
 *
 * where e_g multiplies group g, m_g is its max|w| and f_g the sum of its squared sensitivities before that. In the
 * logarithms of the factors, J is a sum of products of exponentials of convex functions, so it is convex: there is one
 * minimum.
 */
export function firstOrderVariance({ terms }: Problem, sensitivities: Sensitivities, factors: Float64Array): number {
  const values = slotValues(factors);
  return terms.reduce((sum, term, i) => {
    const all = multipliers(term, values);
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

/** Where `minimise` begins. */
export interface MinimiseStart {
  readonly factors: Float64Array;
  /** 1 for each factor that stays as it is. */
  readonly isHeld?: Uint8Array;
}

/** The factors that minimise `firstOrderVariance`. Pauses after each step, with the number of steps done. */
export function* minimise(
  problem: Problem,
  sensitivities: Sensitivities,
  { factors: start, isHeld }: MinimiseStart,
): Generator<number, Float64Array, void> {
  const changes = new Float64Array(problem.count).fill(1);
  const gradient = new Float64Array(problem.count);
  const scaled = () => start.map((factor, i) => factor * changes[i]!);
  const first = slotValues(start);
  // Weights without free factors don't depend on any.
  const parts = problem.terms.flatMap((term, i) =>
    isFree(term, problem) ? [new Part(term, sensitivities[i]!, first)] : [],
  );
  for (const [stage, doublings] of allDoublings.entries()) {
    const share = 1 - stage / allDoublings.length;
    const rate = firstRate * share * share;
    let base: Float64Array | undefined;
    for (let repeat = 0, isFalling = true; isFalling; repeat++) {
      const descent = new Descent(changes);
      let [before, value] = [0, 0];
      for (let step = 0; step < stepsPerStage; step++) {
        let ratios = base && changes.map((change, i) => change / base![i]!);
        if (ratios === undefined || isFar(ratios, doublings)) {
          base = changes.slice();
          ratios = base.slice().fill(1);
          const values = slotValues(scaled());
          for (const part of parts) part.begin(values, doublings);
        }
        const [sinceStart, sinceBase] = [slotValues(changes), slotValues(ratios)];
        gradient.fill(0);
        value = 0;
        for (const part of parts) value += part.addGradient(sinceStart, sinceBase, gradient);
        if (!(value > 0)) return scaled();
        if (step === 0) before = value;
        for (let i = 0; i < gradient.length; i++) gradient[i] = isHeld?.[i] === 1 ? 0 : gradient[i]! / value;
        descent.step(gradient, rate);
        yield stage * stepsPerStage + step + 1;
      }
      isFalling = stage === 0 && repeat < mostRepeats && value < (1 - leastFall) * before;
    }
  }
  return scaled();
}

/** Whether powers of ratios leave the range that `Part` needs: 2^−8 to 2^8. */
function isFar(ratios: Float64Array, doublings: number): boolean {
  let [low, high] = [2 ** -8, 2 ** 8];
  for (let k = 0; k < doublings; k++) [low, high] = [Math.sqrt(low), Math.sqrt(high)];
  return ratios.some((ratio) => ratio < low || ratio > high);
}

/** Least share of max|w| in a p-norm that counts. Within the range of `isFar`, others stay below 2^−44. */
const leastShare = 2 ** -60;

/**
 * One weight's part of `firstOrderVariance`, with a p-norm in place of the maximum.
 *
 * The terms of a group are those at known factors, times powers of its two factors' changes since. The tables of these powers are
 * short.
 */
class Part {
  readonly #term: Term;
  /** Sensitivity by the elements, multiplied by the first factors, of each group. */
  readonly #spreads: Rows;
  /** The same, if it is one number for all rows and columns. */
  readonly #grid: Grid | undefined;
  /** Groups in the order of their rows. */
  readonly #order: Int32Array;
  #doublings = 0;
  /** max|w| at the base. */
  #full = 0;
  /** (|w|/max|w|)^p of each group that counts, at the base. */
  readonly #shares: Rows;

  /** @param values  `slotValues` of the first factors. */
  constructor(term: Term, sensitivity: Float64Array, values: Float64Array) {
    this.#term = term;
    const { slots, first, second } = term;
    const ends = new Int32Array(slots.length);
    for (let g = 0; g < second.length; g++) ends[second[g]!]!++;
    for (let k = 1; k < ends.length; k++) ends[k]! += ends[k - 1]!;
    this.#order = new Int32Array(second.length);
    const next = ends.slice();
    for (let g = second.length - 1; g >= 0; g--) this.#order[--next[second[g]!]!] = g;
    const columns = this.#order.map((g) => first[g]!);
    const all = multipliers(term, values);
    const spreads = Float64Array.from(this.#order, (g) => sensitivity[g]! / (all[g]! * all[g]!));
    this.#spreads = { ends, columns, values: spreads };
    this.#grid = gridOf(this.#spreads);
    this.#shares = { ends: ends.slice(), columns: columns.slice(), values: new Float64Array(columns.length) };
  }

  /** Sets the base. @param values  `slotValues` of its factors. @param doublings  p = 2^doublings. */
  begin(values: Float64Array, doublings: number): void {
    const { largest, first } = this.#term;
    const [order, shares, { ends }] = [this.#order, this.#shares, this.#spreads];
    const all = multipliers(this.#term, values);
    const full = largestOf(this.#term, all);
    let least = leastShare;
    for (let d = 0; d < doublings; d++) least = Math.sqrt(least);
    let count = 0;
    for (let row = 0, at = 0; row < ends.length; row++) {
      for (; at < ends[row]!; at++) {
        const g = order[at]!;
        let share = (largest[g]! * all[g]!) / full;
        if (!(share > least)) continue;
        for (let d = 0; d < doublings; d++) share *= share;
        shares.columns[count] = first[g]!;
        shares.values[count++] = share;
      }
      shares.ends[row] = count;
    }
    this.#doublings = doublings;
    this.#full = full;
  }

  /**
   * Adds the gradient by ln of the factors. @returns the part.
   *
   * @param sinceStart  `slotValues` of the factors by the first ones. @param sinceBase  The same by those of the base.
   */
  addGradient(sinceStart: Float64Array, sinceBase: Float64Array, gradient: Float64Array): number {
    if (this.#full === 0) return 0;
    const { slots } = this.#term;
    const size = slots.length;
    const [inverse, power] = [new Float64Array(size), new Float64Array(size)];
    for (let k = 0; k < size; k++) {
      const change = sinceStart[slots[k]!]!;
      inverse[k] = 1 / (change * change);
      let ratio = sinceBase[slots[k]!]!;
      for (let d = 0; d < this.#doublings; d++) ratio *= ratio;
      power[k] = ratio;
    }
    const [spreadOf, shareOf] = [new Float64Array(size), new Float64Array(size)];
    const spread = this.#grid ? addGrid(this.#grid, inverse, spreadOf) : addProducts(this.#spreads, inverse, spreadOf);
    const sum = addProducts(this.#shares, power, shareOf);
    let norm = sum;
    for (let d = 0; d < this.#doublings; d++) norm = Math.sqrt(norm);
    const square = this.#full * norm * (this.#full * norm);
    const slopes = spreadOf.map((own, k) => 2 * square * ((spread * shareOf[k]!) / sum - own));
    addSlopes(this.#term, slopes, gradient);
    return square * spread;
  }
}
