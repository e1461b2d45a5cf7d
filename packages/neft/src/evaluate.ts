import { withChip } from "@neft/crossbar";
import type { Dataset } from "@neft/data";
import {
  type DeviationResult,
  type EvaluationResult,
  evaluateDeviation,
  evaluate as evaluateOnChips,
} from "@neft/evaluation";
import { type Model, modelRule } from "@neft/model";
import { OptionError, resolveOptions } from "@neft/options";
import { type EvaluateOptions, evaluateOptions, type Samples, samplesKind } from "./settings.js";
import { inputsFrom, labelledFrom, normalisationFrom, withWorkers } from "./shared-options.js";

/** Options of an evaluation against labels. */
export type LabelledOptions = EvaluateOptions & { readonly reference?: undefined };

/** Options of an evaluation against the clean network. */
export type CleanOptions = EvaluateOptions & { readonly reference: "clean" };

/**
 * Measures a network on Monte Carlo chips, each with its own draw of device variation: its accuracy, or with the reference "clean" how far
 * its outputs are from those of the network without variation. The latter reads no labels and takes any network: `data` is then a
 * dataset, or a dataset for each input by name, and outputs may have any shape.
 *
 * Accuracies are in percent. The same seed gives the same bits on every machine (simd128 build), with any number of workers; σ = 0
 * gives exactly the digital result.
 * @throws {RangeError} if an option is unknown or out of range, samples don't fit the network, or a label is missing or not one of its
 *   classes.
 * @throws {Error} if outputs aren't finite; names the first chip with such outputs, or the digital network.
 */
export function evaluate(model: Model, data: Dataset, options?: LabelledOptions): Promise<EvaluationResult>;
export function evaluate(model: Model, data: Samples, options: CleanOptions): Promise<DeviationResult>;
export function evaluate(
  model: Model,
  data: Samples,
  options?: EvaluateOptions,
): Promise<EvaluationResult | DeviationResult>;
export async function evaluate(
  model: Model,
  data: Samples,
  options: EvaluateOptions = {},
): Promise<EvaluationResult | DeviationResult> {
  modelRule(model, "evaluate: model");
  const { reference, temperatureData, ...settings } = resolveOptions("evaluate", withChip(options), evaluateOptions);
  if (reference === "clean") {
    refuseLabelled({ temperatureData, keepScores: settings.keepScores });
    const inputs = inputsFrom("evaluate: data", model, samplesKind.check(data, "evaluate: data"), settings);
    return withWorkers(settings.workers, (workers) => evaluateDeviation({ ...settings, model, inputs, workers }));
  }
  const labelled = labelledFrom("evaluate: data", data);
  const normalisation = normalisationFrom(labelled, settings, model);
  const fitted = temperatureData && {
    data: labelledFrom("evaluate: temperatureData", temperatureData),
    normalisation: normalisationFrom(temperatureData, settings, model),
  };
  return withWorkers(settings.workers, (workers) =>
    evaluateOnChips({ ...settings, model, data: labelled, normalisation, temperatureData: fitted, workers }),
  );
}

/** @throws {OptionError} for an option that only evaluations against labels have. */
function refuseLabelled(options: Readonly<Record<string, unknown>>): void {
  for (const [option, value] of Object.entries(options)) {
    if (value === undefined || value === false) continue;
    throw new OptionError({ option, expected: "none with the reference clean", got: "one" });
  }
}
