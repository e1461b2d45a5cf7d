import { type Model, modelRule } from "@neft/model";
import { storedTypes } from "@neft/onnx";
import { resolveOptions } from "@neft/options";
import { type EqualiseResult, equalise as equaliseForChips } from "@neft/training";
import { type EqualiseOptions, equaliseOptions } from "./settings.js";
import { inputsFrom } from "./shared-options.js";

/**
 * Rescales a model's channels in place, so that device variation changes its outputs less. The model computes the same function, up to
 * rounding, and needs no training: seconds with samples, which need no labels, and about one second without.
 *
 * With an area above 1, `wide` of the result is a second model with outputs of weights written several times, which the caller disposes.
 *
 * Deterministic, as `evaluate` is. With `dryRun` the model stays as it is, and the result says what would change.
 * @throws {RangeError} if an option is unknown or out of range, or the samples don't fit the network.
 * @throws the signal's reason if it aborts; the model is then as before.
 */
export async function equalise(model: Model, options: EqualiseOptions = {}): Promise<EqualiseResult> {
  modelRule(model, "equalise: model");
  const { data, ...settings } = resolveOptions("equalise", options, equaliseOptions);
  settings.signal?.throwIfAborted();
  const inputs = data && inputsFrom("equalise: data", model, data, settings);
  return equaliseForChips({ ...settings, model, inputs, stored: storedTypes(model) });
}
