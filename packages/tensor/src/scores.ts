import { f64, i32, wasm, withBlocks } from "@neft/kernels";
import { shapeText } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Counts of some samples' class scores. All but `broken` are in units of 2⁻²⁶, whole numbers that add up exactly. */
export interface ScoreCounts {
  /** Samples whose largest score is their label's; a plain number. */
  readonly correct: number;
  /** Sum of the largest softmax value over those samples. */
  readonly confidenceRight: number;
  /** The same over the other samples. */
  readonly confidenceWrong: number;
  /** Sum of the softmax's entropy, in nats. */
  readonly entropy: number;
  /** Samples with a score that isn't finite. */
  readonly broken: number;
}

/** Compares class scores with labels. */
export interface ScoreCounter {
  /**
   * Counts the scores [rows, classes] of the samples from `first` on, and adds their softmax to the sums.
   *
   * @param rows  How many of the first rows are samples; others count for nothing. Default: all.
   * @throws {RangeError} when there are not as many rows or labels, or sums of another number of classes.
   */
  count(scores: Tensor, first: number, rows?: number): ScoreCounts;
  /** Writes the sums of the softmax, [samples, classes] in units of 2⁻²⁶, to an array of that size. */
  copySums(to: Float64Array): void;
}

/**
 * Runs `use` with a counter of scores.
 *
 * @param labels   Class of each sample.
 * @param classes  Classes of the softmax's sums; 0: no sums are kept.
 */
export function withScoreCounter<T>(labels: Int32Array, classes: number, use: (counter: ScoreCounter) => T): T {
  const { length } = labels;
  return withBlocks([4 * length, 8 * length * classes], (labelsAt, sumsAt) => {
    i32(labelsAt, length).set(labels);
    f64(sumsAt, length * classes).fill(0);
    return use({
      count: (scores, first, rows = scores.shape[0] ?? 0) => {
        const [all = 0, columns = 0, ...more] = scores.shape;
        const fits = first >= 0 && first + rows <= length && (classes === 0 || columns === classes);
        if (rows > all) throw new RangeError(`rows: expected at most the ${all} of the scores, got ${rows}`);
        if (more.length > 0 || !fits) {
          throw new RangeError(
            `scores: expected at most ${length} samples${classes > 0 ? ` of ${classes} classes` : ""}, got ${shapeText(scores.shape)} from sample ${first} on`,
          );
        }
        const sums = classes === 0 ? 0 : sumsAt + 8 * classes * first;
        const counts = wasm().countScores(scores.ptr, labelsAt + 4 * first, sums, rows, columns);
        const [correct, confidenceRight, confidenceWrong, entropy, broken] = counts as unknown as Five;
        return { correct, confidenceRight, confidenceWrong, entropy, broken };
      },
      copySums: (to) => to.set(f64(sumsAt, length * classes)),
    });
  });
}

type Five = [number, number, number, number, number];

/**
 * Sum over rows of the entropy −Σ p ln p of p = counts/total, each in nats and in units of 2⁻²⁶.
 *
 * The logarithm is the kernel's, of the f32 nearest to p, so a sum of equal rows has exactly the entropy of one.
 *
 * @param counts  [rows, classes].
 */
export function entropySum(counts: Float64Array, classes: number, total: number): number {
  return withBlocks([counts.byteLength], (address) => {
    f64(address, counts.length).set(counts);
    return wasm().entropy(address, counts.length / classes, classes, total);
  });
}
