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
 * A random split: `validation` samples held out, the others for training. The same seed holds out the samples that `finetune` would.
 * @throws {RangeError} where fewer than one sample would be left for training.
 */
export function split(
  data: Dataset,
  options: { readonly validation: number; readonly seed?: number | undefined },
): { training: Dataset; validation: Dataset } {
  datasetKind.check(data, "split: data");
  const { validation, seed } = resolveOptions("split", options, splitOptions);
  return splitBy(data, validation, stream(seed, { purpose: purposes.split }));
}
