import { type Dataset, type InputOptions, inputSettings, makeNormalisation, type Normalisation } from "@neft/data";
import type { Model } from "@neft/model";
import { type ResolvedOf, resolveOptions } from "@neft/options";
import type { Workers as TrainingWorkers } from "@neft/training";
import { datasetKind } from "./settings.js";
import { createWorkers, poolOf, type Workers } from "./workers.js";

/**
 * The normalisation of a dataset.
 * @param model  the network that will read the samples. Default: one with floating-point input.
 * @throws {RangeError} if an option is unknown or doesn't fit the dataset.
 */
export function normalisationOf(data: Dataset, options: InputOptions, model?: Model): Normalisation {
  datasetKind.check(data, "normalisationOf: data");
  return normalisationFrom(data, resolveOptions("normalisationOf", options, inputSettings), model);
}

/** As `normalisationOf`, for checked options, which may include others. */
export function normalisationFrom(
  data: Dataset,
  { scale, mean, std, layout }: ResolvedOf<typeof inputSettings>,
  model?: Model,
): Normalisation {
  // Integer inputs take the stored values unscaled.
  const takesIntegers = (model?.inputs[0]?.dtype ?? "f32") !== "f32";
  return makeNormalisation(data, { scale: scale ?? (takesIntegers ? 1 : undefined), mean, std, layout });
}

/** Calls `use` with the given pool or undefined; a number makes a new pool of that size, closed afterwards. */
export async function withWorkers<T>(
  workers: number | Workers | undefined,
  use: (pool: TrainingWorkers | undefined) => Promise<T>,
): Promise<T> {
  if (typeof workers !== "number") return use(workers && poolOf(workers));
  const pool = createWorkers(workers);
  try {
    return await use(poolOf(pool));
  } finally {
    await pool.close();
  }
}
