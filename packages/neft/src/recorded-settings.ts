import { inputSettings } from "@neft/data";
import { evaluationSettings } from "@neft/evaluation";
import { defineSettings, type ResolvedOf } from "@neft/options";
import { equaliseSettings, finetuneSettings } from "@neft/training";

// Types that name others: written out, they would be a tenth of the package's declarations.
/** Settings that results record. */
export const evaluationRows: typeof inputSettings & typeof evaluationSettings = defineSettings({
  ...inputSettings,
  ...evaluationSettings,
});
export const finetuningRows: typeof inputSettings & typeof finetuneSettings = defineSettings({
  ...inputSettings,
  ...finetuneSettings,
});
export const equalisationRows: typeof inputSettings & typeof equaliseSettings = defineSettings({
  ...inputSettings,
  ...equaliseSettings,
});

/** Recorded settings: options of the API with all defaults filled in, and the device's id. */
export type RecordOf<Rows> = Omit<ResolvedOf<Rows>, "device"> & { readonly device: string };
