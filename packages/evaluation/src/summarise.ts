import { entropySum } from "@neft/tensor";
import { mean, type SampleStatistics, sampleStatistics } from "./statistics.js";
import { type ChipTally, fixedPointScale } from "./tally.js";

/** Mean over samples of the largest softmax value, for correct and wrong classifications. Null if there are none. */
export interface Confidence {
  readonly right: number | null;
  readonly wrong: number | null;
}

/** Results of chips on a dataset. */
export interface ChipSummary {
  readonly chips: number;
  /** Statistics over chips, in percent. */
  readonly accuracy: SampleStatistics;
  /** Means over all samples and chips. */
  readonly confidence: Confidence;
  /**
   * Mutual information of chip and class, mean over samples, in nats: entropy of the softmax averaged over chips, minus the average
   * over chips of its entropy. It is the part of a prediction's uncertainty that comes from not knowing the chip.
   */
  readonly mutualInformation: number;
}

/** Accuracies of the first `chips` chips of a tally, in percent. */
export function accuracies(tally: ChipTally, chips: number, samples: number): Float64Array {
  return tally.correct.subarray(0, chips).map((correct) => (100 * correct) / samples);
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

/**
 * Computes the results of a tally's first `chips` chips. Its other chips must not have been counted yet.
 * @param samples  Number of samples of the dataset.
 * @param z  Normal quantile of the accuracy's interval. Default: a 95 % interval.
 */
export function summarise(tally: ChipTally, chips: number, samples: number, z?: number): ChipSummary {
  const right = sum(tally.correct.subarray(0, chips));
  const wrong = chips * samples - right;
  const meanOver = (sums: Float64Array, count: number): number | null =>
    count === 0 ? null : sum(sums.subarray(0, chips)) / fixedPointScale / count;
  return {
    chips,
    accuracy: sampleStatistics(accuracies(tally, chips, samples), z),
    confidence: { right: meanOver(tally.confidenceRight, right), wrong: meanOver(tally.confidenceWrong, wrong) },
    mutualInformation: mutualInformation(tally, chips, samples),
  };
}

/** Block size, in rows, for the entropies of the softmax sums; bounds memory. */
const rowsPerBlock = 4096;

function mutualInformation(tally: ChipTally, chips: number, samples: number): number {
  const classes = tally.probabilities.length / samples;
  let ofMean = 0;
  for (let row = 0; row < samples; row += rowsPerBlock) {
    const sums = tally.probabilities.subarray(row * classes, Math.min(row + rowsPerBlock, samples) * classes);
    ofMean += entropySum(sums, classes, fixedPointScale * chips);
  }
  const ofEach = mean(tally.entropy.subarray(0, chips));
  // Rounding of the logarithms can make it slightly negative.
  return Math.max(0, (ofMean - ofEach) / fixedPointScale / samples);
}
