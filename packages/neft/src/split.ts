import { type Dataset, split as splitBy } from "@neft/data";
import { seedSettings } from "@neft/evaluation";
import { defineSettings, resolveOptions, whole } from "@neft/options";
import { stream } from "@neft/tensor";
import { purposes } from "@neft/training";
import { datasetKind } from "./settings.js";

const splitOptions = defineSettings({
  validation: { kind: whole({ min: 1 }), about: "samples held out", required: true },
  ...seedSettings,
});

/**
 * Splits a dataset at random into `validation` held-out samples and the others for training. `finetune` with the same seed holds out
 * the same samples.
 * @throws {RangeError} if no sample remains for training.
 */
export function split(
  data: Dataset,
  options: { readonly validation: number; readonly seed?: number | undefined },
): { training: Dataset; validation: Dataset } {
  datasetKind.check(data, "split: data");
  const { validation, seed } = resolveOptions("split", options, splitOptions);
  return splitBy(data, validation, stream(seed, { purpose: purposes.split }));
}
