import { type Dataset, type InputOptions, inputSettings, makeNormalisation, type Normalisation } from "@neft/data";
import type { Model } from "@neft/model";
import { type ResolvedOf, resolveOptions } from "@neft/options";
import type { Workers } from "@neft/training";
import { datasetKind } from "./settings.js";
import { createWorkers } from "./spawn.js";

/**
 * The normalisation of a dataset, for a network where it is given.
 * @throws {RangeError} for options that aren't known, or that don't fit the dataset.
 */
export function normalisationOf(data: Dataset, options: InputOptions, model?: Model): Normalisation {
  datasetKind.check(data, "normalisationOf: data");
  return normalisationFrom(data, resolveOptions("normalisationOf", options, inputSettings), model);
}

/** The same from options that are checked and may hold others too. */
export function normalisationFrom(
  data: Dataset,
  { scale, mean, std, layout }: ResolvedOf<typeof inputSettings>,
  model?: Model,
): Normalisation {
  // A network that takes integers takes the values as they are.
  const takesIntegers = (model?.inputs[0]?.dtype ?? "f32") !== "f32";
  return makeNormalisation(data, { scale: scale ?? (takesIntegers ? 1 : undefined), mean, std, layout });
}

/** Lends `use` the workers given, or a pool made for it alone. */
export async function withWorkers<T>(
  workers: number | Workers | undefined,
  use: (pool: Workers | undefined) => Promise<T>,
): Promise<T> {
  if (typeof workers !== "number") return use(workers);
  const pool = createWorkers(workers);
  try {
    return await use(pool);
  } finally {
    await pool.close();
  }
}
