import type { Dataset } from "@neft/data";
import type { Model } from "@neft/model";
import {
  type FinetuneProgress,
  type FinetuneResult,
  type FinetuneSettings,
  finetune as finetuneForChips,
  type StrategySettings,
} from "@neft/training";
import { type ChipOptions, deviceOf, type InputOptions, normalisationOf, withWorkers } from "./evaluate.js";

/** Settings of `finetune`; what a strategy takes stands beside its id. */
export interface FinetuneOptions
  extends InputOptions,
    ChipOptions,
    Omit<FinetuneSettings, "device" | "strategy" | "sigma" | "weightBits" | "bitsPerCell" | "perSample" | "seed"> {
  /** "ovf" unless said; with settings of its own: `{ id: "irs", beta: 0.01 }`. */
  readonly strategy?: string | ({ readonly id: string } & StrategySettings) | undefined;
  /** Device standard deviation to train for; 0.2 unless said. */
  readonly sigma?: number | undefined;
  /** Chooses the best weights; held out of the training data unless said. */
  readonly validationData?: Dataset | undefined;
  readonly onProgress?: ((progress: FinetuneProgress) => void) | undefined;
}

/**
 * Trains a model further, in place, under device variation; it ends up with the weights that did best on validation chips.
 *
 * Deterministic like `evaluate`. An abort or a loss that runs away ends the run early, keeping the best weights so far;
 * `ended` of the result says which.
 * @throws {RangeError} for settings out of range, or data that doesn't fit the network.
 */
export async function finetune(model: Model, data: Dataset, options: FinetuneOptions = {}): Promise<FinetuneResult> {
  const { strategy = "ovf", sigma = 0.2, workers, seed = 1, ...rest } = options;
  return withWorkers(workers, (pool) =>
    finetuneForChips({
      ...rest,
      model,
      data,
      normalisation: normalisationOf(data, options),
      device: deviceOf(options.device),
      strategy: typeof strategy === "string" ? { id: strategy } : strategy,
      sigma,
      seed,
      workers: pool,
    }),
  );
}
