import { type ChipSettings, checkProgramming } from "@neft/crossbar";
import { type Dataset, type inputSettings, take } from "@neft/data";
import type { Model } from "@neft/model";
import { inWords, type ResolvedOf, recorded, shortened } from "@neft/options";
import type { Pool } from "@neft/pool";
import type { TrainingWorker, Workers } from "@neft/training";
import type { DataSpec } from "../data-spec.js";
import { readDataset } from "../read-dataset.js";
import type { EvaluationFile, evaluationRows, finetuningRows, RecordOf } from "../results.js";
import { normalisationFrom } from "../shared-options.js";
import { createWorkers } from "../spawn.js";
import { asUsage } from "./options.js";
import { mostCharacters, say } from "./terminal.js";
import { neftVersion } from "./version.js";

/** The dataset of `--data`, cut to `--limit`; says which arrays of an archive were read. */
export async function loadData(
  { data, limit }: { readonly data: DataSpec; readonly limit: number | undefined },
  purpose: "train" | "test",
): Promise<Dataset> {
  const dataset = await readDataset(data, purpose);
  if (dataset.arrays) {
    const { name, count, arrays } = dataset;
    say(`data: ${count} samples of ${name}: ${arrays.map(inWords).join(" and ")}`);
  }
  return limit === undefined ? dataset : take(dataset, limit);
}

/** The data as results record it. */
export const dataRecord = ({ name, count, arrays }: Dataset): EvaluationFile["data"] => ({
  name,
  samples: count,
  ...(arrays && { arrays: [...arrays] }),
});

/** Settings as results record them, defaults filled in: options of the API again. */
export function settingsRecord<Rows extends typeof evaluationRows | typeof finetuningRows>(
  rows: Rows,
  model: Model,
  data: Dataset,
  settings: ResolvedOf<Rows> & ResolvedOf<typeof inputSettings> & ChipSettings,
): RecordOf<Rows> {
  const { scale, mean, std, layout } = normalisationFrom(data, settings, model);
  const bitsPerCell = settings.bitsPerCell ?? settings.device.bitsPerCell;
  // What was left out is undefined; JSON drops it.
  const plain = { ...recorded(rows, settings), scale, mean, std, layout, bitsPerCell };
  return JSON.parse(JSON.stringify(plain)) as RecordOf<Rows>;
}

/** The workers of a run: as many as its option says. */
export const poolOf = (workers: number | Workers): Pool<TrainingWorker> => createWorkers(workers as number);

/** A file of results. Names are in it as they are; what a terminal would act on is written in JSON's own escapes. */
export function jsonText(contents: object): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const text = JSON.stringify(contents, null, 2);
  return `${text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (unseen) => unseen.split("").map(escaped).join(""))}\n`;
}

/** Prints warnings, one a line. */
export function warn(warnings: readonly string[]): void {
  for (const warning of warnings) say(shortened(`neft: warning: ${warning}`, mostCharacters));
}

/** What ran. */
export const versions = (): EvaluationFile["versions"] => ({ neft: neftVersion, node: process.versions.node });

/** Settings of chips that don't go together are found before any file is opened. */
export function checkChips(settings: ChipSettings): void {
  asUsage(() => checkProgramming({ ...settings, sigma: 0 }));
}
