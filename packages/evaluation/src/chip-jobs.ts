import type { ChipAtAge, Ranges } from "@neft/crossbar";
import type { ChipJob } from "./chips.js";
import type { NetworkAndData } from "./network.js";
import { type ChipRange, chipRanges } from "./ranges.js";
import type { EvaluationSettings } from "./settings.js";
import { chipPurposes } from "./streams.js";

/** What jobs count and keep. */
export type CountedOfJob = Pick<ChipJob, "logarithms" | "temperature" | "scores">;

/** A chip of a run: its spec, at an age, with the ranges of its converters. */
export type ChipOfRun = ChipAtAge & { readonly ranges?: Ranges | undefined };

/** Makes the jobs for the chips [from, to) of a spec. */
export function chipJobs(
  {
    model,
    data,
    seed,
    calibrationSamples,
  }: Pick<EvaluationSettings & NetworkAndData, "model" | "data" | "seed" | "calibrationSamples">,
  executor: { readonly size: number },
  one: ChipOfRun,
  chips: ChipRange,
  counted: CountedOfJob,
): ChipJob[] {
  const shared = { ...one, seed, calibrationSamples, purpose: chipPurposes.chip, probabilities: true, ...counted };
  return chipRanges(model, data.count, chips, executor).map((range) => ({ ...shared, ...range }));
}
