import type { FreeFactors } from "./follow.js";
import type { Layer } from "./layers.js";

/**
 * A weight on a crossbar: its elements in groups that are multiplied by the same two factors.
 *
 * With n free factors, slot n + i of a table stands for factor number i from 1, slot n − i for its inverse and slot n for the
 * factor 1; `slotValues` makes such tables.
 */
export interface Term {
  /** The slots of its factors, each once. */
  readonly slots: Int32Array;
  /** Positions in `slots` of the two factors of each group. */
  readonly first: Int32Array;
  readonly second: Int32Array;
  /** max|w|, Σw² and number of elements of each group. */
  readonly largest: Float32Array;
  readonly squares: Float64Array;
  readonly counts: Int32Array;
}

/** The free factors of a network, numbered, and the weights that they change. */
export interface Problem {
  /** Number of factors. */
  readonly count: number;
  readonly terms: readonly Term[];
  /** Number of the factor that a reference is equal to, from 1; negative for an inverse, 0 for the factor 1. */
  numberOf(ref: number): number;
}

/** Numbers the factors that change a weight on a crossbar. @param weights  Elements of each layer's parameter. */
export function problemOf(
  { factors }: FreeFactors,
  layers: readonly Layer[],
  weights: readonly Float32Array[],
): Problem {
  const numbers = new Int32Array(factors.count + 1);
  let count = 0;
  for (const { up, down } of layers) {
    for (const refs of [up, down])
      for (const ref of refs) if (ref !== 0 && numbers[Math.abs(ref)] === 0) numbers[Math.abs(ref)] = ++count;
  }
  const numberOf = (ref: number): number => {
    const root = factors.find(ref);
    return root < 0 ? -numbers[-root]! : numbers[root]!;
  };
  const slotOf = (root: number): number => (root < 0 ? count - numbers[-root]! : count + numbers[root]!);
  const places = new Int32Array(2 * count + 1);
  const terms = layers.map(({ up, down, groups }, i): Term => {
    const slots: number[] = [];
    places.fill(-1);
    const placeOf = (slot: number): number => {
      if (places[slot] === -1) places[slot] = slots.push(slot) - 1;
      return places[slot]!;
    };
    const first = up.map((root) => placeOf(slotOf(root)));
    const second = down.map((root) => placeOf(slotOf(-root)));
    return { slots: Int32Array.from(slots), first, second, ...measuresOf(groups, up.length, weights[i]!) };
  });
  return { count, terms, numberOf };
}

function measuresOf(
  groups: Int32Array,
  count: number,
  values: Float32Array,
): Pick<Term, "largest" | "squares" | "counts"> {
  const [largest, squares, counts] = [new Float32Array(count), new Float64Array(count), new Int32Array(count)];
  for (let j = 0; j < values.length; j++) {
    const [group, size] = [groups[j]!, Math.abs(values[j]!)];
    if (size > largest[group]!) largest[group] = size;
    squares[group]! += size * size;
    counts[group]!++;
  }
  return { largest, squares, counts };
}

/** Whether a weight has groups that a factor changes. */
export const isFree = ({ slots }: Term, { count }: Problem): boolean => slots.some((slot) => slot !== count);

/** The factor with a number, given all factors. */
export const factorOf = (factors: Float64Array, number: number): number =>
  number === 0 ? 1 : number > 0 ? factors[number - 1]! : 1 / factors[-number - 1]!;

/** What each slot stands for. */
export function slotValues(factors: Float64Array): Float64Array {
  const count = factors.length;
  const values = new Float64Array(2 * count + 1);
  values[count] = 1;
  for (let i = 0; i < count; i++) {
    values[count + 1 + i] = factors[i]!;
    values[count - 1 - i] = 1 / factors[i]!;
  }
  return values;
}

/** What each group of a weight is multiplied by. @param values  `slotValues` of the factors. */
export function multipliers({ slots, first, second }: Term, values: Float64Array): Float64Array {
  const own = Float64Array.from(slots, (slot) => values[slot]!);
  const all = new Float64Array(first.length);
  for (let g = 0; g < all.length; g++) all[g] = own[first[g]!]! * own[second[g]!]!;
  return all;
}

/** max|w| of a weight whose groups are multiplied. */
export function largestOf({ largest }: Term, multipliers: Float64Array): number {
  let all = 0;
  for (let g = 0; g < largest.length; g++) {
    const size = largest[g]! * multipliers[g]!;
    if (size > all) all = size;
  }
  return all;
}

/** Adds slopes by ln of a weight's own slots to the gradient by ln of the factors. */
export function addSlopes({ slots }: Term, slopes: Float64Array, gradient: Float64Array): void {
  const count = gradient.length;
  for (let k = 0; k < slots.length; k++) {
    const number = slots[k]! - count;
    if (number > 0) gradient[number - 1]! += slopes[k]!;
    else if (number < 0) gradient[-number - 1]! -= slopes[k]!;
  }
}
