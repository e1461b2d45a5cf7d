import { f64, i32, wasm, withBlocks } from "@neft/kernels";
import { shapeText } from "./shape.js";
import type { Tensor } from "./tensor.js";

/** Statistics of the class scores of some samples. Sums are whole multiples of 2⁻²⁶, given as that multiple, so they add up exactly. */
export interface ScoreCounts {
  /** Number of samples whose largest score is their label's. */
  readonly correct: number;
  /** Sum of the largest softmax value over the correct samples, in units of 2⁻²⁶. */
  readonly confidenceRight: number;
  /** Sum of the largest softmax value over the other samples, in units of 2⁻²⁶. */
  readonly confidenceWrong: number;
  /** Sum of the softmax's entropy, in units of 2⁻²⁶ nats. */
  readonly entropy: number;
  /** Number of samples with a non-finite score. */
  readonly broken: number;
}

/** Compares class scores with labels and sums their softmax. */
export interface ScoreCounter {
  /**
   * Counts the scores of consecutive samples and adds their softmax to the sums.
   *
   * @param scores  [rows, classes].
   * @param first   Index of the sample in row 0.
   * @param rows    Number of rows to count, from row 0. Default: all.
   * @throws {RangeError} when there are fewer rows or labels, or when the number of classes isn't that of the sums.
   */
  count(scores: Tensor, first: number, rows?: number): ScoreCounts;
  /** Copies the softmax sums to `to`: [samples, classes], in units of 2⁻²⁶. */
  copySums(to: Float64Array): void;
}

/**
 * Runs `use` with a score counter, which is valid during the call only.
 *
 * @param labels   Class of each sample.
 * @param classes  Number of classes of the softmax sums; 0 to keep no sums.
 * @returns the result of `use`.
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
        if (rows > all) throw new RangeError(`rows: expected at most the ${all} rows of the scores, got ${rows}`);
        if (more.length > 0 || !fits) {
          throw new RangeError(
            `scores: expected at most ${length} samples${classes > 0 ? ` of ${classes} classes` : ""}, got ${shapeText(scores.shape)} from sample ${first} on`,
          );
        }
        const sums = classes === 0 ? 0 : sumsAt + 8 * classes * first;
        const counts = wasm().countScores(scores.ptr, labelsAt + 4 * first, sums, rows, columns);
        const [correct, confidenceRight, confidenceWrong, entropy, broken] = counts as unknown as RawCounts;
        return { correct, confidenceRight, confidenceWrong, entropy, broken };
      },
      copySums: (to) => to.set(f64(sumsAt, length * classes)),
    });
  });
}

/** Result of the kernel, in the order of {@link ScoreCounts}. */
type RawCounts = [number, number, number, number, number];

/**
 * Sum over rows of the entropy −Σ p ln p of p = counts/total, in units of 2⁻²⁶ nats.
 *
 * The kernel takes the logarithm of p rounded to f32, so the mean over equal softmax rows has exactly the entropy of one row.
 *
 * @param counts  [rows, classes], softmax sums.
 * @param total   Sum of the counts of one row.
 */
export function entropySum(counts: Float64Array, classes: number, total: number): number {
  return withBlocks([counts.byteLength], (address) => {
    f64(address, counts.length).set(counts);
    return wasm().entropy(address, counts.length / classes, classes, total);
  });
}
