/**
 * Sums over images and chips are kept as whole multiples of 2⁻²⁶ in float64. Whole numbers below 2⁵³ add exactly, so a sum
 * is the same in whatever order and parts it is made: workers and batches can't change a result. There is room for
 * 2²⁷ = 134 M addends of size 1, and a probability is off by 2⁻²⁷ at most. The kernels count in it (`scores.rs`).
 */
export const unit = 2 ** 26;

/** What some chips did on all images: plain data. Sums are in units. */
export interface ChipTally {
  /** Number of the first chip. */
  readonly from: number;
  /** Images classified rightly, one entry a chip; so the next three. */
  readonly correct: Float64Array;
  /** Sum of the largest softmax value over the images classified rightly. */
  readonly confidenceRight: Float64Array;
  /** The same over the images classified wrongly. */
  readonly confidenceWrong: Float64Array;
  /** Sum of the entropy of the softmax over the images, in nats. */
  readonly entropy: Float64Array;
  /** Sum of the softmax over the chips, [images, classes]; empty where not asked for. */
  readonly probabilities: Float64Array;
  /** What is wrong with the first chip that gave a class score which is no finite number; the rest is of no use then. */
  readonly broken?: string | undefined;
}

/** An empty tally of the chips [from, to). */
export function emptyTally(from: number, to: number, probabilities: number): ChipTally {
  const perChip = () => new Float64Array(to - from);
  return {
    from,
    correct: perChip(),
    confidenceRight: perChip(),
    confidenceWrong: perChip(),
    entropy: perChip(),
    probabilities: new Float64Array(probabilities),
  };
}

/** Adds a tally of some of its chips to a tally. */
export function addTally(total: ChipTally, part: ChipTally): void {
  const at = part.from - total.from;
  for (const name of ["correct", "confidenceRight", "confidenceWrong", "entropy"] as const) {
    for (const [i, value] of part[name].entries()) total[name][at + i]! += value;
  }
  const [to, from] = [total.probabilities, part.probabilities];
  for (let i = 0; i < from.length; i++) to[i]! += from[i]!;
}
