import type { Dataset } from "@neft/data";
import { type Model, modelRule } from "@neft/model";
import { checkOptions, has, isListOf, kind, kinds, type Rules, required } from "@neft/options";
import {
  type FinetuneProgress,
  type FinetuneResult,
  type FinetuneSettings,
  finetune as finetuneForChips,
  type OptimiserSettings,
  type ScheduleSettings,
  type StrategySettings,
  type ValidationSettings,
} from "@neft/training";
import {
  type ChipOptions,
  chipRules,
  datasetRule,
  deviceOf,
  type InputOptions,
  inputRules,
  normalisationFrom,
  withWorkers,
} from "./shared-options.js";
import { checkSigma } from "./sigma.js";

/** Settings of `finetune`; what a strategy takes stands beside its id. */
export interface FinetuneOptions
  extends InputOptions,
    ChipOptions,
    Omit<FinetuneSettings, "device" | "strategy" | "sigma" | "weightBits" | "bitsPerCell" | "perSample" | "seed"> {
  /** "ovf" unless said; with settings of its own: `{ id: "irs", beta: 0.01 }`. */
  readonly strategy?: string | ({ readonly id: string } & StrategySettings) | undefined;
  /** Device standard deviation to train for, relative to full scale, from 0 to 1; 0.2 unless said. */
  readonly sigma?: number | undefined;
  /** Chooses the best weights; held out of the training data unless said. */
  readonly validationData?: Dataset | undefined;
  readonly onProgress?: ((progress: FinetuneProgress) => void) | undefined;
}

const optimiserRules: Rules<OptimiserSettings> = {
  id: required(kinds.name),
  betas: kinds.pair,
  epsilon: kinds.number,
  momentum: kinds.number,
  weightDecay: kinds.number,
};

const scheduleRules: Rules<ScheduleSettings> = { id: required(kinds.name), every: kinds.number, gamma: kinds.number };

const validationRules: Rules<ValidationSettings> = { images: kinds.number, chips: kinds.number, every: kinds.number };

export const finetuneRules: Rules<FinetuneOptions> = {
  ...inputRules,
  ...chipRules,
  // Its settings are checked by the strategy itself, which knows the ones it has.
  strategy: kind(
    "an id or an object with an id",
    (value) => typeof value === "string" || (has(value, "id") && typeof value.id === "string"),
  ),
  sigma: kinds.number,
  epochs: kinds.number,
  batch: kinds.number,
  dropLast: kinds.flag,
  learningRate: kinds.number,
  optimiser: kinds.options(optimiserRules),
  schedule: kinds.options(scheduleRules),
  batchNorm: kinds.oneOf("batch", "frozen"),
  clip: kinds.number,
  shards: kinds.number,
  freeze: kind(
    "a list of names",
    isListOf((name) => typeof name === "string"),
  ),
  validation: kinds.options(validationRules),
  validationData: datasetRule,
  onProgress: kinds.callback,
};

/**
 * Trains a model further, in place, under device variation; it ends up with the weights that did best on validation chips.
 *
 * Deterministic like `evaluate`. An abort or a loss that runs away ends the run early, keeping the best weights so far;
 * `ended` of the result says which.
 * @throws {RangeError} for options that aren't known or are out of range, or data that doesn't fit the network.
 */
export async function finetune(model: Model, data: Dataset, options: FinetuneOptions = {}): Promise<FinetuneResult> {
  modelRule(model, "finetune: model");
  datasetRule(data, "finetune: data");
  checkOptions("finetune", options, finetuneRules);
  const { strategy = "ovf", sigma = 0.2, workers, seed = 1, ...rest } = options;
  checkSigma("sigma", [sigma]);
  if (typeof strategy !== "string") {
    // Whether they are numbers is the strategy's to check.
    const { headSigma, deltaSigma } = strategy;
    checkSigma("headSigma", typeof headSigma === "number" ? [headSigma] : []);
    checkSigma("deltaSigma", Array.isArray(deltaSigma) ? deltaSigma : []);
  }
  return withWorkers(workers, (pool) =>
    finetuneForChips({
      ...rest,
      model,
      data,
      normalisation: normalisationFrom(data, options, model),
      device: deviceOf(options.device),
      strategy: typeof strategy === "string" ? { id: strategy } : strategy,
      sigma,
      seed,
      workers: pool,
    }),
  );
}
