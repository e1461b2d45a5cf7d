import { type BoundModel, type Model, runningParameters } from "@neft/model";
import { OptionError } from "@neft/options";
import type { ResolvedSettings } from "./settings.js";

/**
 * Checks that a run's batches are whole runs of a network that fixes its batch, and that each run has batch statistics.
 * @param samples  Number of training samples.
 * @throws {OptionError} naming the setting.
 */
export function checkFixedBatch(
  model: Model,
  fixed: BoundModel["fixed"],
  { batch, batchNorm, dropLast }: ResolvedSettings,
  samples: number,
): void {
  if (fixed === undefined) return;
  const why = `the network's batch is fixed at ${fixed.batch}: ${fixed.reason}`;
  if (batch % fixed.batch !== 0)
    throw new OptionError({ option: "batch", expected: `a multiple of ${fixed.batch} (${why})`, got: String(batch) });
  const rest = samples % batch;
  if (!dropLast && rest % fixed.batch !== 0) {
    throw new OptionError({
      option: "dropLast",
      expected: `an epoch's last batch of a multiple of ${fixed.batch} samples (${why})`,
      got: `${rest} of ${samples} training samples`,
      advice: "leave it out",
    });
  }
  if (fixed.batch === 1 && batchNorm === "batch" && runningParameters(model).size > 0) {
    throw new OptionError({
      option: "batchNorm",
      expected: `frozen for a network that runs sample by sample (${fixed.reason}) and has batch normalisations`,
      got: "batch",
    });
  }
}
