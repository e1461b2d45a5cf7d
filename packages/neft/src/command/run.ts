import { checkProgramming, type Device } from "@neft/crossbar";
import { type Dataset, take } from "@neft/data";
import type { Model } from "@neft/model";
import { inWords, shortened } from "@neft/options";
import type { DataSpec } from "../dataSpec.js";
import { readDataset } from "../readDataset.js";
import type { EvaluationFile } from "../results.js";
import { type ChipOptions, type InputOptions, normalisationFrom } from "../shared-options.js";
import { asUsage, type evaluateOptions, type finetuneOptions, type Values } from "./options.js";
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

/** What evaluate and finetune hand on of the options they share. */
export function sharedOptions(
  options: Values<typeof evaluateOptions> | Values<typeof finetuneOptions>,
): InputOptions & ChipOptions {
  const { scale, mean, std, layout, output, device, weightBits, cellBits: bitsPerCell, perSample, seed } = options;
  return { scale, mean, std, layout, output, device, weightBits, bitsPerCell, perSample, seed };
}

/** The data as results record it. */
export const dataRecord = ({ name, count, arrays }: Dataset): EvaluationFile["data"] => ({
  name,
  samples: count,
  ...(arrays && { arrays: [...arrays] }),
});

/** Settings that evaluate and finetune share as results record them, defaults filled in: options of the API again. */
export function sharedRecord(
  model: Model,
  data: Dataset,
  options: Values<typeof evaluateOptions> | Values<typeof finetuneOptions>,
) {
  const { scale, mean, std, layout } = normalisationFrom(data, options, model);
  const { device, weightBits, cellBits, perSample, seed, output } = options;
  const inputs = { scale, mean: [...mean], std: [...std], layout };
  const bits = { weightBits, bitsPerCell: cellBits ?? device.bitsPerCell };
  return { ...inputs, output, device: device.id, ...bits, perSample: perSample === true, seed };
}

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
export function checkChips(options: {
  readonly device: Device;
  readonly weightBits: number;
  readonly cellBits: number | undefined;
}): void {
  const { device, weightBits, cellBits } = options;
  asUsage(() => checkProgramming({ device, sigma: 0, weightBits, bitsPerCell: cellBits }));
}
