import type { Dataset } from "@neft/data";
import { type Model, modelRule } from "@neft/model";
import { resolveOptions } from "@neft/options";
import { type FinetuneResult, finetune as finetuneForChips } from "@neft/training";
import { datasetKind, type FinetuneOptions, finetuneOptions } from "./settings.js";
import { normalisationFrom, withWorkers } from "./shared-options.js";

/**
 * Finetunes a model in place under device variation, and leaves it with the weights that scored best on the validation chips.
 *
 * Deterministic, as `evaluate` is. An abort or a diverging loss ends the run early and keeps the best weights so far; `ended` of the
 * result holds the reason.
 * @throws {RangeError} if an option is unknown or out of range, or the data doesn't fit the network.
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
