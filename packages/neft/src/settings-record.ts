import type { ChipSettings } from "@neft/crossbar";
import type { inputSettings } from "@neft/data";
import type { Model } from "@neft/model";
import { type ResolvedOf, recorded } from "@neft/options";
import type { equalisationRows, evaluationRows, finetuningRows, RecordOf } from "./recorded-settings.js";
import { isDataset, type Samples } from "./settings.js";
import { inputsFrom } from "./shared-options.js";

/** Chip settings of one or several σ. */
export type Programming = Pick<ChipSettings, "device" | "weightBits" | "bitsPerCell"> & Partial<ChipSettings>;

/** Settings as results record them: options of the API with defaults filled in. */
export function settingsRecord<Rows extends typeof evaluationRows | typeof finetuningRows | typeof equalisationRows>(
  rows: Rows,
  model: Model,
  data: Samples | undefined,
  settings: ResolvedOf<Rows> & ResolvedOf<typeof inputSettings> & Programming,
): RecordOf<Rows> {
  // Datasets by input have one scale, mean and std for all.
  const [first] = data ? Object.values(inputsFrom("data", model, data, settings)) : [];
  const { scale, mean, std, layout } = first?.normalisation ?? settings;
  const bitsPerCell = settings.bitsPerCell ?? settings.device.bitsPerCell;
  // Settings without a value are undefined, and JSON drops them.
  const plain = {
    ...recorded(rows, settings),
    scale,
    mean,
    std,
    layout: data && isDataset(data) ? layout : settings.layout,
    bitsPerCell,
  };
  return JSON.parse(JSON.stringify(plain)) as RecordOf<Rows>;
}
