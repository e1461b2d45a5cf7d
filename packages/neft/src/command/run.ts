import { checkAge, chipOf } from "@neft/crossbar";
import { type Dataset, take } from "@neft/data";
import { inWords, shortened } from "@neft/options";
import type { Pool } from "@neft/work";
import type { DataSpec, SamplesSpec } from "../data-spec.js";
import { readDataset, readInputs } from "../read-dataset.js";
import type { EvaluationFile } from "../results.js";
import { isDataset, type Samples } from "../settings.js";
import type { Programming } from "../settings-record.js";
import { neftVersion } from "../version.js";
import { createWorkers, poolOf, type Workers } from "../workers.js";
import { withUsageErrors } from "./options.js";
import { mostCharacters, printMessage } from "./terminal.js";

/** Reads the samples of `--data`, cut to `--limit`; reports which arrays of an archive it read. */
export async function loadData(
  { data, limit }: { readonly data: SamplesSpec; readonly limit: number | undefined },
  purpose: "train" | "test",
): Promise<Samples> {
  if (data.kind === "inputs") {
    const inputs = Object.entries(await readInputs(data.file));
    return Object.fromEntries(inputs.map(([name, one]) => [name, limit === undefined ? one : take(one, limit)]));
  }
  const dataset = await loadDataset(data, "data", purpose);
  return limit === undefined ? dataset : take(dataset, limit);
}

/** Reads a dataset; reports which arrays of an archive it read. */
export async function loadDataset(spec: DataSpec, what: string, purpose?: "train" | "test"): Promise<Dataset> {
  const dataset = await readDataset(spec, purpose);
  if (dataset.arrays) {
    const { name, count, arrays } = dataset;
    printMessage(`${what}: ${count} samples of ${name}: ${arrays.map(inWords).join(" and ")}`);
  }
  return dataset;
}

/** The samples as results record them. */
export function dataRecord(samples: Samples, { data: spec }: { readonly data: SamplesSpec }): EvaluationFile["data"] {
  if (isDataset(samples)) {
    const { name, count, arrays } = samples;
    return { name, samples: count, ...(arrays && { arrays: [...arrays] }) };
  }
  const count = Math.max(...Object.values(samples).map((one) => one.count));
  return { name: spec.kind === "inputs" ? spec.file : "inputs", samples: count, arrays: Object.keys(samples) };
}

/** The workers of a run. The command's option is always a number. */
export const workersOfRun = (workers: number | Workers): Pool => poolOf(createWorkers(workers as number));

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
export function checkChips({
  time,
  ...settings
}: Programming & { readonly time?: number | readonly number[] | undefined }): void {
  withUsageErrors(() => {
    const chip = chipOf({ perSample: false, ...settings }, 0);
    for (const one of [time ?? 0].flat()) checkAge(chip, one);
  });
}
