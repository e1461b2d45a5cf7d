import { type Model, modelRule } from "@neft/model";
import { resolveOptions } from "@neft/options";
import { type FinetuneResult, finetune as finetuneForChips, strategyNamed, withTrainedChip } from "@neft/training";
import { type FinetuneOptions, finetuneOptions, type Samples, samplesKind } from "./settings.js";
import { inputsFrom, labelledFrom, normalisationFrom, withWorkers } from "./shared-options.js";

/**
 * Finetunes a model in place under device variation, and leaves it with the weights that scored best on the validation chips.
 *
 * A strategy towards the clean network, such as "distillation", reads no labels and takes any network: `data` and `validationData` are then
 * a dataset, or a dataset for each input by name, and outputs may have any shape.
 *
 * Deterministic, as `evaluate` is. An abort or a diverging loss ends the run early and keeps the best weights so far; `ended` of the
 * result holds the reason.
 * @throws {RangeError} if an option is unknown or out of range, or the data doesn't fit the network.
 */
export async function finetune(model: Model, data: Samples, options: FinetuneOptions = {}): Promise<FinetuneResult> {
  modelRule(model, "finetune: model");
  const { validationData, ...settings } = resolveOptions("finetune", withTrainedChip(options), finetuneOptions);
  const parts =
    strategyNamed(settings.strategy.id).target === "clean"
      ? cleanParts(model, data, validationData, settings)
      : labelledParts(model, data, validationData, settings);
  return withWorkers(settings.workers, (workers) => finetuneForChips({ ...settings, ...parts, model, workers }));
}

type InputSettings = Parameters<typeof inputsFrom>[3];

function labelledParts(model: Model, given: Samples, validation: Samples | undefined, settings: InputSettings) {
  const data = labelledFrom("finetune: data", given);
  const validationData = validation === undefined ? undefined : labelledFrom("finetune: validationData", validation);
  return { data, validationData, normalisation: normalisationFrom(data, settings, model) };
}

function cleanParts(model: Model, given: Samples, validation: Samples | undefined, settings: InputSettings) {
  const inputs = inputsFrom("finetune: data", model, samplesKind.check(given, "finetune: data"), settings);
  const validationInputs =
    validation === undefined ? undefined : inputsFrom("finetune: validationData", model, validation, settings);
  // The number of samples is that of all datasets but those whose only sample belongs to all.
  const first = Object.values(inputs).reduce((most, one) => (one.data.count > most.data.count ? one : most));
  return { data: first.data, normalisation: first.normalisation, inputs, validationInputs };
}
