import type { Dataset } from "@neft/data";
import { type EvaluationResult, evaluate as evaluateOnChips } from "@neft/evaluation";
import { type Model, modelRule } from "@neft/model";
import { resolveOptions } from "@neft/options";
import { datasetKind, type EvaluateOptions, evaluateOptions } from "./settings.js";
import { normalisationFrom, withWorkers } from "./shared-options.js";

/**
 * Measures a network's accuracy on Monte Carlo chips, each with its own draw of device variation.
 *
 * Accuracies are in percent. The same seed gives the same bits on every machine (simd128 build), with any number of workers; σ = 0
 * gives exactly the digital result.
 * @throws {RangeError} if an option is unknown or out of range, samples don't fit the network, or a label is not one of its classes.
 * @throws {Error} if class scores aren't finite; names the first chip with such scores, or the digital network.
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
