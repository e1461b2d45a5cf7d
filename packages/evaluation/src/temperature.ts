import { lossSlope } from "@neft/tensor";
import type { Executor } from "@neft/work";
import { type ChipOfRun, chipJobs } from "./chip-jobs.js";
import { rangesFor } from "./chip-reads.js";
import { chipTask } from "./chip-task.js";
import { calibrationBatch } from "./chips.js";
import { checkScoreBytes } from "./kept-scores.js";
import type { BoundNetwork, NetworkAndData } from "./network.js";
import type { EvaluationProgress } from "./progress.js";
import type { EvaluationSettings } from "./settings.js";
import { modelFor } from "./setup-model.js";
import { chipPurposes } from "./streams.js";
import type { ChipTally } from "./tally.js";
import { runUnbroken } from "./unbroken.js";

/** Range of temperatures, of which the nearer end is the result where the loss has no minimum between them. */
export const temperatureRange: readonly [least: number, most: number] = [2 ** -10, 2 ** 10];

/** Halvings of the logarithm of the range; the last are below the resolution of a float. */
const halvings = 40;

/** Class scores of a chip, [samples, classes], and the labels. */
export interface LabelledScores {
  readonly scores: Float32Array;
  readonly labels: Int32Array;
}

/**
 * The temperature that minimises the mean negative log likelihood of scores divided by it: one for all given chips.
 *
 * The loss is convex in 1/T, so its slope is searched for a change of sign, by halving. Slopes are added in the order of the chips.
 *
 * Source: Guo et al., On Calibration of Modern Neural Networks, ICML 2017.
 */
export function fitTemperature(chips: readonly LabelledScores[]): number {
  const slopeAt = (temperature: number): number =>
    chips.reduce((sum, { scores, labels }) => sum + lossSlope(scores, labels, temperature), 0);
  const [least, most] = temperatureRange;
  let [factorLow, factorHigh] = [1 / most, 1 / least];
  // The slope grows with the factor 1/T.
  if (slopeAt(1 / factorLow) >= 0) return most;
  if (slopeAt(1 / factorHigh) <= 0) return least;
  for (let i = 0; i < halvings; i++) {
    const factor = Math.fround(Math.sqrt(factorLow * factorHigh));
    if (slopeAt(1 / factor) < 0) factorLow = factor;
    else factorHigh = factor;
  }
  return 1 / factorHigh;
}

interface FitCallbacks {
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The temperature of each read, fitted on chips of other streams than those of the results. */
export async function fitTemperatures(
  options: EvaluationSettings & FitCallbacks,
  reads: readonly ChipOfRun[],
  { model, data, normalisation, logits, classes }: BoundNetwork & Pick<NetworkAndData, "data">,
  executor: Executor,
): Promise<number[]> {
  const { temperatureChips: chips, onProgress, signal } = options;
  const own = { ...options, model, data, normalisation };
  const samples = calibrationBatch(own, options);
  checkScoreBytes(chips, data.count, classes, 1);
  const total = 1 + reads.length * (options.chips + chips);
  const setup = { model: modelFor(executor, model), data, normalisation, logits };
  const temperatures: number[] = [];
  let done = 0;
  for (const given of reads) {
    const one = { ...given, ranges: rangesFor(given.chip, model, samples) };
    const parts: Float32Array[] = [];
    const jobs = chipJobs(own, executor, one, { from: 0, to: chips }, { scores: true }).map((job) => ({
      ...job,
      purpose: chipPurposes.temperatureChip,
    }));
    const onResult = (index: number, { scores, from, correct: { length } }: ChipTally): void => {
      parts[index] = scores!;
      done += length;
      const at = { sigma: one.chip.sigma, ...(one.time_s !== undefined && { time_s: one.time_s }) };
      onProgress?.({ ...at, digital: false, fitting: true, done, total, from, accuracies: [] });
    };
    await runUnbroken((...run) => executor.run(chipTask, setup, ...run), jobs, onResult, signal);
    temperatures.push(fitTemperature(parts.flatMap((part) => byChip(part, data.labels, classes))));
  }
  return temperatures;
}

/** The scores of each chip of a job. */
function byChip(part: Float32Array, labels: Int32Array, classes: number): LabelledScores[] {
  const size = labels.length * classes;
  return Array.from({ length: part.length / size }, (_, i) => ({
    scores: part.subarray(i * size, (i + 1) * size),
    labels,
  }));
}

/** A warning for each temperature at an end of the range. */
export const temperatureWarnings = (temperatures: readonly number[] = []): string[] =>
  temperatures.some((one) => temperatureRange.includes(one))
    ? [
        `temperature: expected a minimum of the loss on the temperature data from ${temperatureRange[0]} to ${temperatureRange[1]}, got none; are all its samples classified correctly?`,
      ]
    : [];
