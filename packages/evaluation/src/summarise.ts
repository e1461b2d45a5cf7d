import { entropySum } from "@neft/tensor";
import { mean, type SampleStatistics, sampleStatistics } from "./statistics.js";
import { type ChipTally, unit } from "./tally.js";

/** Mean largest softmax value of the images classified rightly and wrongly; null where there are none. */
export interface Confidence {
  readonly right: number | null;
  readonly wrong: number | null;
}

/** What chips made of a dataset. */
export interface ChipSummary {
  readonly chips: number;
  /** Over chips, in percent. */
  readonly accuracy: SampleStatistics;
  /** Over all images and chips. */
  readonly confidence: Confidence;
  /**
   * Between chip and class, mean over images, in nats: the entropy of the mean softmax over chips less the mean entropy.
   * How much of a prediction's uncertainty comes from not knowing which chip it runs on.
   */
  readonly mutualInformation: number;
}

/** Accuracies of the first `chips` chips of a tally, in percent. */
export function accuracies(tally: ChipTally, chips: number, images: number): Float64Array {
  return tally.correct.subarray(0, chips).map((correct) => (100 * correct) / images);
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);

/**
 * Sums up the first `chips` chips of a tally that holds no others.
 * @param z  normal point of the accuracy's interval; 95 % of one look unless said.
 */
export function summarise(tally: ChipTally, chips: number, images: number, z?: number): ChipSummary {
  const right = sum(tally.correct.subarray(0, chips));
  const wrong = chips * images - right;
  const meanOver = (sums: Float64Array, count: number): number | null =>
    count === 0 ? null : sum(sums.subarray(0, chips)) / unit / count;
  return {
    chips,
    accuracy: sampleStatistics(accuracies(tally, chips, images), z),
    confidence: { right: meanOver(tally.confidenceRight, right), wrong: meanOver(tally.confidenceWrong, wrong) },
    mutualInformation: mutualInformation(tally, chips, images),
  };
}

/** Rows of the softmax's sums whose entropies are taken at a time: bounds the memory. */
const rowsAtOnce = 4096;

function mutualInformation(tally: ChipTally, chips: number, images: number): number {
  const classes = tally.probabilities.length / images;
  let ofMean = 0;
  for (let row = 0; row < images; row += rowsAtOnce) {
    const sums = tally.probabilities.subarray(row * classes, Math.min(row + rowsAtOnce, images) * classes);
    ofMean += entropySum(sums, classes, unit * chips);
  }
  const ofEach = mean(tally.entropy.subarray(0, chips));
  // Never negative but for the rounding of the logarithms.
  return Math.max(0, (ofMean - ofEach) / unit / images);
}
