import {
  accuracy as accuracyMetric,
  type BuiltInValues,
  type Confidence,
  confidence as confidenceMetric,
  mutualInformation as mutualInformationMetric,
} from "./metrics/built-in.js";
import type { ChipValues, CountedChips } from "./metrics/metric.js";
import { metrics as table } from "./metrics/metrics.js";
import type { SampleStatistics } from "./statistics.js";
import { type ChipTally, type Counts, fixedPointScale } from "./tally.js";

/** Values of metrics by id: those of the built-in ones, and of a user's. */
export type MetricValues = BuiltInValues & { readonly [id: string]: unknown };

/** Metrics of scores divided by a temperature. */
export interface ScaledSummary {
  /** Number that all chips' scores are divided by. */
  readonly temperature: number;
  /** Those of the metrics that a temperature changes. */
  readonly metrics: MetricValues;
  readonly perChip: Pick<ChipValues, "loss" | "confidence">;
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
  /** The metrics asked for, by id; docs/metrics.md has their definitions. */
  readonly metrics: MetricValues;
  /** With `temperatureData` only. */
  readonly scaled?: ScaledSummary;
  /** Values of each chip. */
  readonly perChip: ChipValues;
}

/** Accuracies of the first `chips` chips of a tally, in percent. */
export function accuracies(tally: Pick<Counts, "correct">, chips: number, samples: number): Float64Array {
  return tally.correct.subarray(0, chips).map((correct) => (100 * correct) / samples);
}

/** What to compute of counted chips. */
export interface Summarising {
  /** Ids of metrics. */
  readonly metrics: readonly string[];
  readonly yieldAccuracy: readonly number[];
  /** Normal quantile of the accuracy's interval. Default: a 95 % interval. */
  readonly z?: number | undefined;
  /** What a user's metric gave for each chip, by its id. */
  readonly measured: ReadonlyMap<string, readonly number[]>;
  /** The temperature of the scaled counts. */
  readonly temperature?: number | undefined;
}

/**
 * Computes the results of a tally's first `chips` chips. Its other chips must not have been counted yet.
 * @param samples  Number of samples of the dataset.
 */
export function summarise(
  tally: ChipTally,
  chips: number,
  samples: number,
  { metrics, temperature, ...rest }: Summarising,
): ChipSummary {
  const rows = metrics.map((id) => table.get(id)!);
  const countedOf = (counts: Counts): CountedChips => ({
    ...rest,
    chips,
    samples,
    counts,
    perChip: chipValues(counts, chips, samples),
  });
  const raw = countedOf(tally);
  const { mean, std, ci95, p5, worst } = accuracyMetric.summarise(raw);
  const scaled = tally.scaled && countedOf(tally.scaled);
  const valuesOf = (counted: CountedChips, some: typeof rows): MetricValues =>
    Object.fromEntries(some.map(({ id, summarise: compute }) => [id, compute(counted)]));
  return {
    chips,
    accuracy: { mean, std, ci95, p5, worst },
    confidence: confidenceMetric.summarise(raw),
    mutualInformation: mutualInformationMetric.summarise(raw),
    metrics: valuesOf(raw, rows),
    ...(scaled && {
      scaled: {
        temperature: temperature!,
        metrics: valuesOf(
          scaled,
          rows.filter(({ isScaled }) => isScaled),
        ),
        perChip: { loss: scaled.perChip.loss, confidence: scaled.perChip.confidence },
      },
    }),
    perChip: raw.perChip,
  };
}

function chipValues(counts: Counts, chips: number, samples: number): ChipValues {
  const { confidenceRight, confidenceWrong, loss } = counts;
  const meansOf = (sums: (chip: number) => number): number[] =>
    Array.from({ length: chips }, (_, chip) => sums(chip) / fixedPointScale / samples);
  return {
    accuracy: [...accuracies(counts, chips, samples)],
    loss: meansOf((chip) => loss[chip]!),
    confidence: meansOf((chip) => confidenceRight[chip]! + confidenceWrong[chip]!),
  };
}
