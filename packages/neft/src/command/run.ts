import { checkProgramming, type Device } from "@neft/crossbar";
import { type Dataset, take } from "@neft/data";
import { inWords } from "@neft/options";
import type { DataSpec } from "../dataSpec.js";
import { type ChipOptions, type InputOptions, normalisationFrom } from "../evaluate.js";
import { readDataset } from "../readDataset.js";
import type { EvaluationFile } from "../results.js";
import { asUsage, type evaluateOptions, type finetuneOptions, type Values } from "./options.js";
import { neftVersion } from "./version.js";

/** The dataset of `--data`, cut to `--limit`; says which arrays of an archive were read. */
export async function loadData(
  { data, limit }: { readonly data: DataSpec; readonly limit: number | undefined },
  purpose: "train" | "test",
): Promise<Dataset> {
  const dataset = await readDataset(data, purpose);
  if (dataset.arrays) {
    const { name, count, arrays } = dataset;
    process.stderr.write(`data: ${count} samples of ${name}: ${arrays.map(inWords).join(" and ")}\n`);
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
export function sharedRecord(data: Dataset, options: Values<typeof evaluateOptions> | Values<typeof finetuneOptions>) {
  const { scale, mean, std, layout } = normalisationFrom(data, options);
  const { device, weightBits, cellBits, perSample, seed, output } = options;
  const inputs = { scale, mean: [...mean], std: [...std], layout };
  const bits = { weightBits, bitsPerCell: cellBits ?? device.bitsPerCell };
  return { ...inputs, output, device: device.id, ...bits, perSample: perSample === true, seed };
}

/** Prints warnings, one a line. */
export function warn(warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`neft: warning: ${warning}\n`);
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
