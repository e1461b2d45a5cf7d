import type { FreeFactors } from "./follow.js";
import type { Layer } from "./layers.js";

/** A weight on a crossbar: its elements in groups, each multiplied by one factor and divided by another. */
export interface Term {
  /** 1 + index of the factor that multiplies each group, negative for its inverse; 0 for none. */
  readonly up: Int32Array;
  /** The same for the factor that divides it. */
  readonly down: Int32Array;
  /** max|w| of each group. */
  readonly largest: Float64Array;
}

/** The free factors of a network, numbered, and the weights that they change. */
export interface Problem {
  /** Number of factors. */
  readonly count: number;
  readonly terms: readonly Term[];
  /** Number of the factor that a reference is equal to, as in `Term`. */
  numberOf(ref: number): number;
}

/** Numbers the factors that change a weight on a crossbar. @param weights  Elements of each layer's parameter. */
export function problemOf(
  { factors }: FreeFactors,
  layers: readonly Layer[],
  weights: readonly Float32Array[],
): Problem {
  const numbers = new Map<number, number>();
  const number = (root: number): number => {
    if (root === 0) return 0;
    const variable = Math.abs(root);
    const known = numbers.get(variable) ?? numbers.size + 1;
    numbers.set(variable, known);
    return root < 0 ? -known : known;
  };
  const terms = layers.map(({ up, down, groups }, i): Term => {
    const largest = new Float64Array(up.length);
    const values = weights[i]!;
    for (let j = 0; j < groups.length; j++) {
      const size = Math.abs(values[j]!);
      if (size > largest[groups[j]!]!) largest[groups[j]!] = size;
    }
    return { up: up.map(number), down: down.map(number), largest };
  });
  const numberOf = (ref: number): number => {
    const root = factors.find(ref);
    const known = numbers.get(Math.abs(root)) ?? 0;
    return root < 0 ? -known : known;
  };
  return { count: numbers.size, terms, numberOf };
}

/** Whether a weight has groups that a factor changes. */
export const isFree = ({ up, down }: Term): boolean => up.some((n) => n !== 0) || down.some((n) => n !== 0);

/** The factor with a number, given all factors. */
export const factorOf = (factors: Float64Array, number: number): number =>
  number === 0 ? 1 : number > 0 ? factors[number - 1]! : 1 / factors[-number - 1]!;

/** What each group of a weight is multiplied by. */
export function multipliers({ up, down }: Term, factors: Float64Array): Float64Array {
  const all = new Float64Array(up.length);
  for (let g = 0; g < all.length; g++) all[g] = factorOf(factors, up[g]!) / factorOf(factors, down[g]!);
  return all;
}

/** max|w| of a weight whose groups are multiplied. */
export function largestOf({ largest }: Term, multipliers: Float64Array): number {
  let all = 0;
  for (let g = 0; g < largest.length; g++) all = Math.max(all, largest[g]! * multipliers[g]!);
  return all;
}

/**
 * Shares of the groups in the p-norm that stands for max|w|, p = 2^doublings: (|w|/max|w|)^p of each, and their sum.
 *
 * @param largest  max|w| of the multiplied weight; above 0.
 */
export function sharesOfLargest(
  term: Term,
  multipliers: Float64Array,
  largest: number,
  doublings: number,
): { readonly shares: Float64Array; readonly sum: number } {
  const shares = new Float64Array(multipliers.length);
  let sum = 0;
  for (let g = 0; g < shares.length; g++) {
    let share = (term.largest[g]! * multipliers[g]!) / largest;
    for (let k = 0; k < doublings; k++) share *= share;
    shares[g] = share;
    sum += share;
  }
  return { shares, sum };
}

/** Adds a slope by ln of each group's multiplier to the gradient by ln of the factors. */
export function addSlopes({ up, down }: Term, slopes: Float64Array, gradient: Float64Array): void {
  const add = (number: number, slope: number): void => {
    if (number > 0) gradient[number - 1]! += slope;
    else if (number < 0) gradient[-number - 1]! -= slope;
  };
  for (let g = 0; g < up.length; g++) {
    add(up[g]!, slopes[g]!);
    add(down[g]!, -slopes[g]!);
  }
}
