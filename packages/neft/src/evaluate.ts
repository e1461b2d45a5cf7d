import type { Dataset } from "@neft/data";
import { type EvaluationProgress, type EvaluationResult, evaluate as evaluateOnChips } from "@neft/evaluation";
import { type Model, modelRule } from "@neft/model";
import { checkOptions, kinds, type Rules } from "@neft/options";
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

/** Settings of `evaluate`. */
export interface EvaluateOptions extends InputOptions, ChipOptions {
  /** Device standard deviations, relative to full scale, from 0 to 1; 0.2 unless said. */
  readonly sigma?: number | readonly number[] | undefined;
  /** Chips for each σ; 100 unless said. */
  readonly chips?: number | undefined;
  /** Stop at this half-width, in points, of the mean's 95 % interval; `chips` is then the most there may be. */
  readonly precision?: number | undefined;
  readonly onProgress?: ((progress: EvaluationProgress) => void) | undefined;
}

export const evaluateRules: Rules<EvaluateOptions> = {
  ...inputRules,
  ...chipRules,
  sigma: kinds.numbers,
  chips: kinds.number,
  precision: kinds.number,
  onProgress: kinds.callback,
};

const defaultChips = 100;
const defaultSigma = 0.2;

/**
 * Monte Carlo over chips: how accurate a network is on chips whose devices vary.
 *
 * Accuracies are percentages. Deterministic: the same seed gives the same result to the last bit on every machine (simd128
 * build) and with any number of workers; σ = 0 gives exactly the digital result.
 * @throws {RangeError} for options that aren't known or are out of range, samples that don't fit the network, or labels that are
 *   no class of it.
 * @throws {Error} naming the first chip, the digital network before all others, whose class scores aren't finite.
 */
export async function evaluate(model: Model, data: Dataset, options: EvaluateOptions = {}): Promise<EvaluationResult> {
  modelRule(model, "evaluate: model");
  datasetRule(data, "evaluate: data");
  checkOptions("evaluate", options, evaluateRules);
  const { sigma = defaultSigma, chips = defaultChips, seed = 1, workers, ...rest } = options;
  const sigmas = typeof sigma === "number" ? [sigma] : sigma;
  checkSigma("sigma", sigmas);
  return withWorkers(workers, (pool) =>
    evaluateOnChips({
      ...rest,
      model,
      data,
      normalisation: normalisationFrom(data, options, model),
      device: deviceOf(options.device),
      sigmas,
      chips,
      seed,
      workers: pool,
    }),
  );
}
