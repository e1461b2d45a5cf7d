/** Factors of a parameter's outputs. */
export interface OutputFactors {
  /** Factor of an element's output. */
  factorOf(element: number): number;
}

/**
 * Factors that restore the sum of |w| right after programming: one for the whole parameter, or one for each output.
 *
 * @param before  Weights right after programming, [element].
 * @param now     Weights at the time of the read.
 * @param groups  Number of factors, and the one that an element belongs to.
 */
export function driftFactors(
  before: Float32Array,
  now: Float32Array,
  { count, groupOf }: { readonly count: number; groupOf(element: number): number },
): Float64Array {
  const sums = [before, now].map((weights) => {
    const all = new Float64Array(count);
    for (let i = 0; i < weights.length; i++) {
      const group = groupOf(i);
      all[group] = all[group]! + Math.abs(weights[i]!);
    }
    return all;
  });
  return sums[0]!.map((sum, group) => (sums[1]![group] === 0 ? 1 : sum / sums[1]![group]!));
}
