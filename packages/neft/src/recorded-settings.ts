import { inputSettings } from "@neft/data";
import { evaluationSettings } from "@neft/evaluation";
import { defineSettings, type ResolvedOf } from "@neft/options";
import { equaliseSettings, finetuneSettings } from "@neft/training";

/** Settings that results record. */
export const evaluationRows = defineSettings({ ...inputSettings, ...evaluationSettings });
export const finetuningRows = defineSettings({ ...inputSettings, ...finetuneSettings });
export const equalisationRows = defineSettings({ ...inputSettings, ...equaliseSettings });

/** Recorded settings: options of the API with all defaults filled in, and the device's id. */
export type RecordOf<Rows> = Omit<ResolvedOf<Rows>, "device"> & { readonly device: string };
