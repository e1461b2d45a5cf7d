import { type ChipSettings, checkProgramming } from "@neft/crossbar";
import { type Dataset, type inputSettings, take } from "@neft/data";
import type { Model } from "@neft/model";
import { inWords, type ResolvedOf, recorded, shortened } from "@neft/options";
import type { Pool } from "@neft/pool";
import type { TrainingWorker } from "@neft/training";
import type { DataSpec } from "../data-spec.js";
import { readDataset } from "../read-dataset.js";
import type { evaluationRows, finetuningRows, RecordOf } from "../recorded-settings.js";
import type { EvaluationFile } from "../results.js";
import { normalisationFrom } from "../shared-options.js";
import { createWorkers, poolOf, type Workers } from "../workers.js";
import { withUsageErrors } from "./options.js";
import { mostCharacters, printMessage } from "./terminal.js";
import { neftVersion } from "./version.js";

/** Reads the dataset of `--data`, cut to `--limit`; reports which arrays of an archive it read. */
export async function loadData(
  { data, limit }: { readonly data: DataSpec; readonly limit: number | undefined },
  purpose: "train" | "test",
): Promise<Dataset> {
  const dataset = await readDataset(data, purpose);
  if (dataset.arrays) {
    const { name, count, arrays } = dataset;
    printMessage(`data: ${count} samples of ${name}: ${arrays.map(inWords).join(" and ")}`);
  }
  return limit === undefined ? dataset : take(dataset, limit);
}

/** The dataset as results record it. */
export const dataRecord = ({ name, count, arrays }: Dataset): EvaluationFile["data"] => ({
  name,
  samples: count,
  ...(arrays && { arrays: [...arrays] }),
});

/** Settings as results record them: options of the API with defaults filled in. */
export function settingsRecord<Rows extends typeof evaluationRows | typeof finetuningRows>(
  rows: Rows,
  model: Model,
  data: Dataset,
  settings: ResolvedOf<Rows> & ResolvedOf<typeof inputSettings> & ChipSettings,
): RecordOf<Rows> {
  const { scale, mean, std, layout } = normalisationFrom(data, settings, model);
  const bitsPerCell = settings.bitsPerCell ?? settings.device.bitsPerCell;
  // Settings without a value are undefined, and JSON drops them.
  const plain = { ...recorded(rows, settings), scale, mean, std, layout, bitsPerCell };
  return JSON.parse(JSON.stringify(plain)) as RecordOf<Rows>;
}

/** The workers of a run. The command's option is always a number. */
export const workersOfRun = (workers: number | Workers): Pool<TrainingWorker> =>
  poolOf(createWorkers(workers as number));

/** JSON text of a result. Control and format characters, which a terminal may interpret, are escaped as \uXXXX. */
export function jsonText(contents: object): string {
  const escaped = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
  const text = JSON.stringify(contents, null, 2);
  return `${text.replace(/(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (characters) => characters.split("").map(escaped).join(""))}\n`;
}

/** Prints warnings to standard error, one per line. */
export function warn(warnings: readonly string[]): void {
  for (const warning of warnings) printMessage(shortened(`neft: warning: ${warning}`, mostCharacters));
}

/** Versions of neft and Node. */
export const versions = (): EvaluationFile["versions"] => ({ neft: neftVersion, node: process.versions.node });

/**
 * Checks that the chip settings are consistent; called before any file is opened.
 * @throws {UsageError} if they are not.
 */
export function checkChips(settings: ChipSettings): void {
  withUsageErrors(() => checkProgramming({ ...settings, sigma: 0 }));
}
