import type { Dataset } from "@neft/data";
import { type Model, modelRule } from "@neft/model";
import { resolveOptions } from "@neft/options";
import { type FinetuneResult, finetune as finetuneForChips } from "@neft/training";
import { datasetKind, type FinetuneOptions, finetuneOptions } from "./settings.js";
import { normalisationFrom, withWorkers } from "./shared-options.js";

/**
 * Trains a model further, in place, under device variation; it ends up with the weights that did best on validation chips.
 *
 * Deterministic like `evaluate`. An abort or a loss that runs away ends the run early, keeping the best weights so far;
 * `ended` of the result says which.
 * @throws {RangeError} for options that aren't known or are out of range, or data that doesn't fit the network.
 */
export async function finetune(model: Model, data: Dataset, options: FinetuneOptions = {}): Promise<FinetuneResult> {
  modelRule(model, "finetune: model");
  datasetKind.check(data, "finetune: data");
  const settings = resolveOptions("finetune", options, finetuneOptions);
  const normalisation = normalisationFrom(data, settings, model);
  return withWorkers(settings.workers, (workers) =>
    finetuneForChips({ ...settings, model, data, normalisation, workers }),
  );
}
