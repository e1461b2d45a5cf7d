import type { Dataset } from "@neft/data";
import { type EvaluationResult, evaluate as evaluateOnChips } from "@neft/evaluation";
import { type Model, modelRule } from "@neft/model";
import { resolveOptions } from "@neft/options";
import { datasetKind, type EvaluateOptions, evaluateOptions } from "./settings.js";
import { normalisationFrom, withWorkers } from "./shared-options.js";

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
  datasetKind.check(data, "evaluate: data");
  const settings = resolveOptions("evaluate", options, evaluateOptions);
  const normalisation = normalisationFrom(data, settings, model);
  return withWorkers(settings.workers, (workers) =>
    evaluateOnChips({ ...settings, model, data, normalisation, workers }),
  );
}
