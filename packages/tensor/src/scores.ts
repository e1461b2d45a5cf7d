import { f32, f64, i32, wasm, withBlocks } from "@neft/kernels";
import { shapeText } from "./shape.js";
import type { Tensor } from "./tensor.js";

/**
 * Statistics of the class scores of some samples. Sums are whole multiples of 2⁻²⁶, given as that multiple, so they add up exactly. Those
 * after `broken` are 0 where no softmax is summed.
 */
export interface ScoreCounts {
  /** Number of samples whose largest score is their label's. */
  readonly correct: number;
  /** Sum of the largest softmax value over the correct samples, in units of 2⁻²⁶. */
  readonly confidenceRight: number;
  /** Sum of the largest softmax value over the other samples, in units of 2⁻²⁶. */
  readonly confidenceWrong: number;
  /** Number of samples with a non-finite score. */
  readonly broken: number;
  /** Sum of the softmax's entropy, in units of 2⁻²⁶ nats. */
  readonly entropy: number;
  /** Sum of −ln of the label's softmax, in units of 2⁻²⁶ nats. */
  readonly loss: number;
  /** Sum of −Σ p ln p with the logarithms that are summed, in units of 2⁻²⁶ nats; 0 where none are. */
  readonly information: number;
  /** For each of 15 ranges of confidence, (b/15, (b + 1)/15]: correct samples, less their confidences, in units of 2⁻²⁶. */
  readonly gaps: readonly number[];
}

/** What a counter sums, and of which scores. */
export interface CountedScores {
  /** Number of classes of the softmax sums; 0 to keep no sums. */
  readonly classes: number;
  /** Whether logarithms of the softmax are summed, too, each at least −1024. Default: false. */
  readonly logarithms?: boolean;
  /** Number that scores are divided by. Default: 1. */
  readonly temperature?: number;
}

/** Softmax sums over all counted scores, [samples, classes], in units of 2⁻²⁶; empty where they aren't kept. */
export interface ScoreSums {
  readonly probabilities: Float64Array;
  /** Sums of the softmax's logarithm, in nats. */
  readonly logarithms: Float64Array;
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
  /** Copies the softmax sums to arrays of the same sizes. */
  copySums(to: ScoreSums): void;
}

/**
 * Runs `use` with a score counter, which is valid during the call only.
 *
 * @param labels  Class of each sample.
 * @returns the result of `use`.
 */
export function withScoreCounter<T>(
  labels: Int32Array,
  { classes, logarithms: hasLogarithms = false, temperature = 1 }: CountedScores,
  use: (counter: ScoreCounter) => T,
): T {
  const { length } = labels;
  const sums = length * classes;
  const logarithms = hasLogarithms ? sums : 0;
  return withBlocks([4 * length, 8 * sums, 8 * logarithms], (labelsAt, sumsAt, logarithmsAt) => {
    i32(labelsAt, length).set(labels);
    f64(sumsAt, sums).fill(0);
    f64(logarithmsAt, logarithms).fill(0);
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
        const at = (block: number, size: number): number => (size === 0 ? 0 : block + 8 * classes * first);
        const counts = wasm().countScores(
          scores.ptr,
          labelsAt + 4 * first,
          at(sumsAt, sums),
          at(logarithmsAt, logarithms),
          rows,
          columns,
          1 / temperature,
        );
        const [correct, confidenceRight, confidenceWrong, broken, entropy, loss, information, ...gaps] =
          counts as unknown as RawCounts;
        return { correct, confidenceRight, confidenceWrong, broken, entropy, loss, information, gaps };
      },
      copySums: (to) => {
        to.probabilities.set(f64(sumsAt, sums));
        to.logarithms.set(f64(logarithmsAt, logarithms));
      },
    });
  });
}

/** Result of the kernel, in the order of {@link ScoreCounts}. */
type RawCounts = [number, number, number, number, number, number, number, ...number[]];

/**
 * Slope in 1/T of the summed cross entropy of scores divided by the temperature T: Σ (Σ_c p_c x_c − x_label), p the softmax at T.
 * @param scores  [rows, classes], finite.
 * @param labels  Class of each row.
 */
export function lossSlope(scores: Float32Array, labels: Int32Array, temperature: number): number {
  const rows = labels.length;
  return withBlocks([4 * scores.length, 4 * rows], (scoresAt, labelsAt) => {
    f32(scoresAt, scores.length).set(scores);
    i32(labelsAt, rows).set(labels);
    return wasm().lossSlope(scoresAt, labelsAt, rows, scores.length / rows, 1 / temperature);
  });
}

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
