import { type EvaluationProgress, sampleStatistics } from "../engine.js";

/** Accuracies of one σ's chips, by chip; undefined where a chip hasn't been read yet. */
export interface SigmaAccuracies {
  readonly sigma: number;
  readonly chips: readonly (number | undefined)[];
}

/** An evaluation, possibly unfinished. */
export interface Measured {
  /** Identifies what was measured: network, data and settings. */
  readonly key: string;
  readonly digital: number | undefined;
  readonly sigmas: readonly SigmaAccuracies[];
  readonly isComplete: boolean;
}

export const emptyMeasured = (key: string, sigmas: readonly number[], chips: number): Measured => ({
  key,
  digital: undefined,
  sigmas: sigmas.map((sigma) => ({ sigma, chips: Array.from({ length: chips }, () => undefined) })),
  isComplete: false,
});

/** Adds the chips of a progress report. */
export function addProgress(measured: Measured, { sigma, digital, from, accuracies }: EvaluationProgress): Measured {
  if (digital) return { ...measured, digital: accuracies[0] };
  const sigmas = measured.sigmas.map((row) =>
    row.sigma === sigma ? { sigma, chips: row.chips.map((old, i) => accuracies[i - from] ?? old) } : row,
  );
  return { ...measured, sigmas };
}

/** Accuracies of the chips read so far. */
export const readChips = ({ chips }: SigmaAccuracies): number[] => chips.filter((value) => value !== undefined);

/** Mean, interval and extremes of the chips read so far; undefined before the first. */
export function statisticsOf(row: SigmaAccuracies): ReturnType<typeof sampleStatistics> | undefined {
  const read = readChips(row);
  return read.length === 0 ? undefined : sampleStatistics(read);
}
