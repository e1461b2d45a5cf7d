import { addLayers, type CountsByLayer } from "@neft/crossbar";

/**
 * Scale of the fixed-point sums over samples and chips: a sum s is stored in float64 as the whole number s·2²⁶. Whole numbers below
 * 2⁵³ add exactly, so results don't depend on the order of summation, on workers or on batches. A sum can hold 2²⁷ (134 million)
 * addends of size 1; rounding changes each by at most 2⁻²⁷. The kernels use the same scale (`scores.rs`).
 */
export const fixedPointScale = 2 ** 26;

/** What is counted of each chip, one entry per chip. All but `correct` are scaled by `fixedPointScale`. */
export const chipCounts = [
  /** Number of samples classified correctly. */
  "correct",
  /** Sum of the largest softmax value over the samples classified correctly. */
  "confidenceRight",
  /** Sum of the largest softmax value over the samples classified wrongly. */
  "confidenceWrong",
  /** Sum over samples of the entropy of the softmax, in nats. */
  "entropy",
  /** Sum over samples of −ln of the label's softmax, in nats. */
  "loss",
  /** As `entropy`, with the logarithms that `logarithms` sums; 0 without them. */
  "information",
  /** Sum over ranges of confidence of |samples classified correctly − their confidences|. */
  "miscalibration",
] as const;

/** Counts of one reading of the scores: as they are, or divided by a temperature. Plain data. */
export interface Counts extends Readonly<Record<(typeof chipCounts)[number], Float64Array>> {
  /** Sum of the softmax over the chips, [samples, classes]; empty without `ChipJob.probabilities`. */
  readonly probabilities: Float64Array;
  /** Sum over the chips of the softmax's logarithm, in nats, each at least −1024; empty without `ChipJob.logarithms`. */
  readonly logarithms: Float64Array;
}

/** Counts and sums over all samples for some chips. Plain data. */
export interface ChipTally extends Counts {
  /** Number of the first chip. */
  readonly from: number;
  /** The same of the scores divided by `ChipJob.temperature`; undefined without one. */
  readonly scaled?: Counts | undefined;
  /** Class scores, [chips, samples, classes]; undefined without `ChipJob.scores`. */
  readonly scores?: Float32Array | undefined;
  /** What programming and reading the layers took, over all chips. Undefined where chips have no cells and converters. */
  layers?: CountsByLayer | undefined;
  /** Error text about the first chip with class scores that aren't finite. If set, the other fields must not be used. */
  readonly broken?: string | undefined;
}

/** Lengths of a tally's arrays. */
export interface TallySizes {
  /** Length of `probabilities`: samples · classes, or 0. */
  readonly probabilities: number;
  /** The same of `logarithms`. Default: 0. */
  readonly logarithms?: number;
  /** Whether there are counts at a temperature. Default: false. */
  readonly isScaled?: boolean;
}

/** Makes a tally of zeros for the chips [from, to), without scores. */
export function emptyTally(from: number, to: number, sizes: TallySizes): ChipTally {
  const counts = (): Counts => ({
    ...(Object.fromEntries(chipCounts.map((name) => [name, new Float64Array(to - from)])) as unknown as Counts),
    probabilities: new Float64Array(sizes.probabilities),
    logarithms: new Float64Array(sizes.logarithms ?? 0),
  });
  return { from, ...counts(), ...(sizes.isScaled && { scaled: counts() }) };
}

/** Adds `part` to `total` in place, but for its scores. The chips of `part` must be among those of `total`. */
export function addTally(total: ChipTally, part: ChipTally): void {
  addCounts(total, part, part.from - total.from);
  if (total.scaled && part.scaled) addCounts(total.scaled, part.scaled, part.from - total.from);
  if (part.layers) total.layers = addLayers(total.layers ?? {}, part.layers);
}

function addCounts(total: Counts, part: Counts, at: number): void {
  for (const name of chipCounts) {
    for (const [i, value] of part[name].entries()) total[name][at + i]! += value;
  }
  for (const name of ["probabilities", "logarithms"] as const) {
    const [to, from] = [total[name], part[name]];
    for (let i = 0; i < from.length; i++) to[i]! += from[i]!;
  }
}
