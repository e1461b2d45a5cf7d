import { entropySum } from "@neft/tensor";
import {
  type Interval,
  type MeanEstimate,
  meanEstimate,
  type PercentileEstimate,
  percentileEstimate,
  type ShareEstimate,
  shareReaching,
} from "../intervals.js";
import { mean, normalQuantile, percentInterval, type SampleStatistics, sampleStatistics } from "../statistics.js";
import { fixedPointScale } from "../tally.js";
import { type CountedChips, metric } from "./metric.js";

/** Statistics of the accuracies of chips, in percent. */
export interface AccuracyEstimate extends SampleStatistics {
  /** 99 % interval of the mean, within 0 to 100; null for one chip, and after several looks (`precision`), which widen the 95 % interval only. */
  readonly ci99: Interval;
  /** Percentiles 1, 5, 10 and 50 over chips. */
  readonly percentiles: readonly PercentileEstimate[];
}

/** Mean over samples of the largest softmax value, for correct and wrong classifications. Null if there are none. */
export interface Confidence {
  readonly right: number | null;
  readonly wrong: number | null;
}

/** Share of chips with at least this accuracy. */
export interface Yield extends ShareEstimate {
  /** In percent. */
  readonly accuracy: number;
}

const sum = (values: Float64Array): number => values.reduce((total, value) => total + value, 0);
const ofChips = (values: Float64Array, { chips }: CountedChips): Float64Array => values.subarray(0, chips);

/** Percentiles of the accuracies of chips. */
const percents = [1, 5, 10, 50];

const accuracy = metric<AccuracyEstimate>({
  id: "accuracy",
  about:
    "100 · samples whose largest score is the label's / samples, of each chip: mean, standard deviation (n − 1), intervals of the mean, percentiles with intervals, worst chip",
  unit: "%",
  isScaled: false,
  isDefault: true,
  summarise: ({ perChip: { accuracy: values }, z }) => ({
    ...sampleStatistics(values, z),
    ci99: z === undefined ? percentInterval(values, normalQuantile[99]) : null,
    percentiles: percents.map((one) => percentileEstimate(values, one)),
  }),
});

const yields = metric<readonly Yield[]>({
  id: "yield",
  about:
    "chips whose accuracy is at least one of `yieldAccuracy` / chips, with Wilson's intervals; computed where one is given",
  unit: "1",
  isScaled: false,
  isDefault: false,
  summarise: ({ perChip, yieldAccuracy }) =>
    yieldAccuracy.map((least) => ({ accuracy: least, ...shareReaching(perChip.accuracy, least) })),
});

const confidence = metric<Confidence>({
  id: "confidence",
  about:
    "mean over samples and chips of the largest softmax value, for samples classified correctly (right) and the others (wrong); null if there are none",
  unit: "1",
  isScaled: true,
  isDefault: true,
  summarise: (counted) => {
    const { chips, samples, counts } = counted;
    const right = sum(ofChips(counts.correct, counted));
    const meanOver = (sums: Float64Array, count: number): number | null =>
      count === 0 ? null : sum(ofChips(sums, counted)) / fixedPointScale / count;
    return {
      right: meanOver(counts.confidenceRight, right),
      wrong: meanOver(counts.confidenceWrong, chips * samples - right),
    };
  },
});

/** Mean over samples of a count of each chip. */
const perSample = (name: "miscalibration", counted: CountedChips): Float64Array =>
  ofChips(counted.counts[name], counted).map((value) => value / fixedPointScale / counted.samples);

const nll = metric<MeanEstimate>({
  id: "nll",
  about: "negative log likelihood: mean over samples of −ln p of the label, of each chip; mean over chips",
  unit: "nats",
  isScaled: true,
  isDefault: true,
  summarise: ({ perChip }) => meanEstimate(perChip.loss),
});

const ece = metric<MeanEstimate>({
  id: "ece",
  about:
    "expected calibration error: Σ_b |samples classified correctly − Σ of their largest softmax value| / samples over the 15 ranges (b/15, (b + 1)/15] of that value, of each chip; mean over chips",
  unit: "1",
  isScaled: true,
  isDefault: true,
  summarise: (counted) => meanEstimate(perSample("miscalibration", counted)),
});

const mutualInformation = metric<number>({
  id: "mutual-information",
  about:
    "mutual information of chip and class: H(mean over chips of p) − mean over chips of H(p), H = −Σ p ln p, mean over samples",
  unit: "nats",
  isScaled: true,
  isDefault: true,
  summarise: (counted) => {
    const { chips, samples, counts } = counted;
    const classes = counts.probabilities.length / samples;
    let ofMean = 0;
    for (let row = 0; row < samples; row += rowsPerBlock) {
      const sums = counts.probabilities.subarray(row * classes, Math.min(row + rowsPerBlock, samples) * classes);
      ofMean += entropySum(sums, classes, fixedPointScale * chips);
    }
    const ofEach = mean(ofChips(counts.entropy, counted));
    // Rounding of the logarithms can make it slightly negative.
    return Math.max(0, (ofMean - ofEach) / fixedPointScale / samples);
  },
});

/** Block size, in rows, for the entropies of the softmax sums; bounds memory. */
const rowsPerBlock = 4096;

const kl = metric<number | null>({
  id: "kl",
  about:
    "expected pairwise KL: mean over ordered pairs of different chips of Σ_c p_c (ln p_c − ln q_c), ln limited to −1024, mean over samples; null for one chip",
  unit: "nats",
  isScaled: true,
  needsLogarithms: true,
  isDefault: false,
  // Over all n² pairs, the mean of −Σ p ln q is −Σ P L, P and L the means of p and ln p over chips, and that of −Σ p ln p the mean of the
  // chips' own. Their difference is the mean over n² pairs, of which n are 0.
  summarise: (counted) => {
    const { chips, samples, counts } = counted;
    if (chips < 2) return null;
    const classes = counts.probabilities.length / samples;
    const scale = fixedPointScale * chips;
    let cross = 0;
    for (let row = 0; row < samples; row++) {
      let one = 0;
      for (let at = row * classes; at < (row + 1) * classes; at++) {
        one -= (counts.probabilities[at]! / scale) * (counts.logarithms[at]! / scale);
      }
      // Whole units, as the chips' own, so that chips that are equal differ by nothing.
      cross += Math.floor(one * fixedPointScale + 0.5);
    }
    const own = mean(ofChips(counts.information, counted));
    return Math.max(0, (chips / (chips - 1)) * ((cross - own) / fixedPointScale / samples));
  },
});

/** All built-in metrics, in the order of tables. */
export const builtIn = [accuracy, yields, confidence, nll, ece, mutualInformation, kl] as const;

/** Values of the built-in metrics by id. */
export interface BuiltInValues {
  readonly accuracy?: AccuracyEstimate;
  readonly yield?: readonly Yield[];
  readonly confidence?: Confidence;
  readonly nll?: MeanEstimate;
  readonly ece?: MeanEstimate;
  readonly "mutual-information"?: number;
  readonly kl?: number | null;
}

export { accuracy, confidence, mutualInformation };
