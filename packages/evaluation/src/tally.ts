import { addLayers, type CountsByLayer } from "@neft/crossbar";

/**
 * Scale of the fixed-point sums over samples and chips: a sum s is stored in float64 as the whole number s·2²⁶. Whole numbers below
 * 2⁵³ add exactly, so results don't depend on the order of summation, on workers or on batches. A sum can hold 2²⁷ (134 million)
 * addends of size 1; rounding changes each by at most 2⁻²⁷. The kernels use the same scale (`scores.rs`).
 */
export const fixedPointScale = 2 ** 26;

/** Counts and sums over all samples for some chips. Plain data. All but `correct` are scaled by `fixedPointScale`. */
export interface ChipTally {
  /** Number of the first chip. */
  readonly from: number;
  /** Number of samples classified correctly; like the next three arrays, one entry per chip. */
  readonly correct: Float64Array;
  /** Sum of the largest softmax value over the samples classified correctly. */
  readonly confidenceRight: Float64Array;
  /** Sum of the largest softmax value over the samples classified wrongly. */
  readonly confidenceWrong: Float64Array;
  /** Sum over samples of the entropy of the softmax, in nats. */
  readonly entropy: Float64Array;
  /** Sum of the softmax over the chips, [samples, classes]; empty without `ChipJob.probabilities`. */
  readonly probabilities: Float64Array;
  /** What programming and reading the layers took, over all chips. Undefined where chips have no cells and converters. */
  layers?: CountsByLayer | undefined;
  /** Error text about the first chip with class scores that aren't finite. If set, the other fields must not be used. */
  readonly broken?: string | undefined;
}

/** Makes a tally of zeros for the chips [from, to). `probabilities` is the length of that array: samples · classes, or 0. */
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

/** Adds `part` to `total` in place. The chips of `part` must be among those of `total`. */
export function addTally(total: ChipTally, part: ChipTally): void {
  const at = part.from - total.from;
  for (const name of ["correct", "confidenceRight", "confidenceWrong", "entropy"] as const) {
    for (const [i, value] of part[name].entries()) total[name][at + i]! += value;
  }
  const [to, from] = [total.probabilities, part.probabilities];
  for (let i = 0; i < from.length; i++) to[i]! += from[i]!;
  if (part.layers) total.layers = addLayers(total.layers ?? {}, part.layers);
}
