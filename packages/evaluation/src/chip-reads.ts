import { ChipGroup, type ChipSpec, calibrate, correctChip, type Ranges, type SharedLayers } from "@neft/crossbar";
import { type ArrayBackend, applyStatistics, copyModel, type Model, run } from "@neft/model";
import { noGrad, scope, type Tensor } from "@neft/tensor";

/** Which chips a job reads, and how. Plain data. */
export interface ChipChoice {
  readonly chip: ChipSpec;
  /** Seconds since programming. Default: 0. */
  readonly time_s?: number | undefined;
  /** Ranges of the converters, from `calibrate`. Default: none, for chips without converters. */
  readonly ranges?: Ranges | undefined;
  /** Samples that corrections of each chip are measured on: the first ones. Default: none are needed. */
  readonly calibrationSamples?: number | undefined;
  readonly seed: number;
  /** Purpose of the chips' random streams; see `chipPurposes`. Different purposes give independent chips. */
  readonly purpose: string;
}

/** Inputs as `run` takes them. */
export type Feeds = Tensor | Readonly<Record<string, Tensor>>;

/** Whether each chip is corrected on calibration samples before it is read. */
export const needsSamples = ({ compensation: { columns, norms } }: ChipSpec): boolean =>
  columns !== "none" || norms !== "none";

/** Whether a chip has converters whose ranges are measured on calibration samples. */
export const needsRanges = ({ dac, adc }: ChipSpec): boolean => (dac ?? adc) !== undefined;

/**
 * Ranges of a chip's converters: its own, or measured on calibration samples.
 * @param samples  Makes them in the current scope.
 */
export const rangesFor = (chip: ChipSpec, model: Model, samples: () => Feeds): Ranges | undefined =>
  needsRanges(chip) ? (chip.calibration?.ranges ?? scope(() => calibrate(model, chip, samples()))) : undefined;

/**
 * Runs `read` with the chips of some indices, programmed and, where their spec asks for it, corrected on the calibration samples.
 *
 * @param samples  Makes the calibration samples in the current scope.
 * @param read  Gets the network, too: a copy whose batch norms are those of the chip, where the spec asks for it.
 * @param layers  What these chips have in common with those of other calls. Default: nothing.
 */
export function withChips<T>(
  { chip, time_s = 0, ranges, seed, purpose }: ChipChoice,
  model: Model,
  indices: readonly number[],
  samples: () => Feeds,
  read: (group: ChipGroup, model: Model) => T,
  layers?: SharedLayers,
): T {
  const { columns, norms } = chip.compensation;
  const draws = indices.map((index) => ({ seed, purpose, index }));
  const group = new ChipGroup(chip, draws, { ranges }, layers);
  const own = norms === "none" ? model : copyModel(model);
  try {
    for (const one of group.chips) {
      if (columns !== "none") scope(() => correctChip(own, one, samples(), time_s));
      if (norms !== "none") scope(() => recalibrateNorms(own, one.backend({ time_s }), samples()));
    }
    return read(group, own);
  } finally {
    group.dispose();
    if (own !== model) own.dispose();
  }
}

/** Sets the running statistics of batch normalisations to those of the samples on a chip. */
function recalibrateNorms(model: Model, backend: ArrayBackend, samples: Feeds): void {
  const { statistics } = noGrad(() => run(model, samples, { backend, batchNorm: "batch" }));
  // Nothing of the old ones stays.
  applyStatistics(
    model,
    statistics.map((one) => ({ ...one, momentum: 0 })),
  );
}
