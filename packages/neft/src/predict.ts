import { chipOf, chipSettings, readSettings, standardDeviation, timeKind, withChip } from "@neft/crossbar";
import { type Dataset, inputSettings } from "@neft/data";
import { outputSettings, type Prediction, predict as predictOnChip, seedSettings } from "@neft/evaluation";
import { type Model, modelRule } from "@neft/model";
import { defineSettings, type GivenOf, resolveOptions, whole } from "@neft/options";
import { datasetKind } from "./settings.js";
import { normalisationFrom } from "./shared-options.js";

const { device, weightBits, bitsPerCell } = chipSettings;
const { calibrationSamples, time } = readSettings;

/** All options of `predict`. */
export const predictOptions = defineSettings({
  ...inputSettings,
  ...outputSettings,
  device,
  weightBits,
  bitsPerCell,
  chip: chipSettings.chip,
  time: { ...time, kind: timeKind },
  calibrationSamples,
  sigma: { kind: standardDeviation, about: "device standard deviation; 0 is the digital network", default: 0 },
  ...seedSettings,
  index: {
    // The largest index of a random stream.
    kind: whole({ min: 0, max: 2 ** 32 - 1 }),
    about: "index of the chip; an evaluation with the same seed has the same chips",
    default: 0,
  },
});

/** Options of `predict`. */
export interface PredictOptions extends GivenOf<typeof predictOptions> {}

/**
 * Computes the class scores of samples, digitally or on one chip.
 * @throws {RangeError} if an option is unknown or out of range, or samples don't fit the network.
 * @throws {Error} if class scores aren't finite; names the chip or the digital network.
 */
export function predict(model: Model, data: Dataset, options: PredictOptions = {}): Prediction {
  modelRule(model, "predict: model");
  datasetKind.check(data, "predict: data");
  const { output, seed, index, time, calibrationSamples, ...settings } = resolveOptions(
    "predict",
    withChip(options),
    predictOptions,
  );
  const normalisation = normalisationFrom(data, settings, model);
  const chip = chipOf({ ...settings, perSample: false }, settings.sigma);
  return predictOnChip({
    model,
    data,
    normalisation,
    output,
    on: { chip, time_s: time, calibrationSamples, seed, index },
  });
}
