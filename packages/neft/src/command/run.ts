import { checkProgramming, type Device } from "@neft/crossbar";
import { type Dataset, type Normalisation, take } from "@neft/data";
import type { DataSpec } from "../dataSpec.js";
import { readDataset } from "../readDataset.js";
import type { EvaluationFile } from "../results.js";
import { asUsage } from "./options.js";
import { neftVersion } from "./version.js";

/** The dataset of `--data`, cut to `--limit`. */
export async function loadData({
  data,
  limit,
}: {
  readonly data: DataSpec;
  readonly limit: number | undefined;
}): Promise<Dataset> {
  const dataset = await readDataset(data);
  return limit === undefined ? dataset : take(dataset, limit);
}

/** The data as results record it. */
export function dataRecord(
  { name, count }: Dataset,
  { scale, mean, std, layout }: Normalisation,
): EvaluationFile["data"] {
  return { name, samples: count, scale, mean: [...mean], std: [...std], layout: layout ?? null };
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
