import type { Counts } from "../tally.js";

/** Values of each chip, in the order of the chips. */
export interface ChipValues {
  /** Accuracies, in percent. */
  readonly accuracy: readonly number[];
  /** Mean negative log likelihoods of the labels, in nats. */
  readonly loss: readonly number[];
  /** Mean largest softmax values. */
  readonly confidence: readonly number[];
}

/** What a metric reads: the counts of a result's chips, whose arrays may be longer. */
export interface CountedChips {
  /** Number of chips. */
  readonly chips: number;
  readonly samples: number;
  readonly counts: Counts;
  /** Values of each chip, of the same scores as the counts. */
  readonly perChip: ChipValues;
  /** What a user's metric gave for each chip, by its id. */
  readonly measured: ReadonlyMap<string, readonly number[]>;
  /** Normal quantile of the interval of the mean accuracy, where several looks were taken. */
  readonly z?: number | undefined;
  /** Accuracies in percent whose yield is asked for. */
  readonly yieldAccuracy: readonly number[];
}

/** Class scores of one chip. */
export interface ChipScores {
  /** Class scores before softmax, [samples, classes]. */
  readonly scores: Float32Array;
  /** Class of each sample. */
  readonly labels: Int32Array;
  readonly samples: number;
  readonly classes: number;
  /** Index of the chip. */
  readonly chip: number;
}

/** A metric: what it is, and how it follows from what is counted of chips. */
export interface Metric<Value = unknown> {
  readonly id: string;
  /** Definition in one line, with its symbols. docs/metrics.md lists it. */
  readonly about: string;
  /** Unit of its numbers: %, nats; 1 if it has none. */
  readonly unit: string;
  /** Whether a temperature changes it. Results then have it for scaled scores, too. */
  readonly isScaled: boolean;
  /** Whether it needs sums of logarithms, which take as much memory as those of the softmax. */
  readonly needsLogarithms?: boolean;
  /** Whether it is computed where none are named. */
  readonly isDefault: boolean;
  readonly summarise: (counted: CountedChips) => Value;
  /** A user's measure of one chip. */
  readonly ofChip?: (chip: ChipScores) => number;
}

/** Returns its argument; makes TypeScript infer the type of the value. */
export const metric = <Value>(row: Metric<Value>): Metric<Value> => row;
