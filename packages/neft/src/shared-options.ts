import { type Dataset, type InputOptions, inputSettings, makeNormalisation, type Normalisation } from "@neft/data";
import { type SampledInputs, withoutLabels } from "@neft/evaluation";
import { listNames, type Model } from "@neft/model";
import { has, inWords, type ResolvedOf, resolveOptions } from "@neft/options";
import type { Workers as TrainingWorkers } from "@neft/training";
import { datasetKind, isDataset, type Samples } from "./settings.js";
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

/**
 * The samples of a network's inputs, with their normalisations. Values of a dataset that belongs to an input by name enter unchanged, unless
 * options say otherwise.
 * @throws {RangeError} if the names aren't those of the inputs, or an option doesn't fit a dataset.
 */
export function inputsFrom(
  who: string,
  model: Model,
  samples: Samples,
  settings: ResolvedOf<typeof inputSettings>,
): SampledInputs {
  const names = model.inputs.map(({ name }) => name);
  const expected = `${who}: expected a dataset for each of the model's inputs by name (${listNames(names)})`;
  if (isDataset(samples)) {
    if (names.length !== 1) throw new RangeError(`${expected}, got one dataset`);
    return { [names[0]!]: { data: samples, normalisation: normalisationFrom(samples, settings, model) } };
  }
  const missing = names.find((name) => !Object.hasOwn(samples, name));
  if (missing !== undefined) throw new RangeError(`${expected}, got none for ${inWords(missing)}`);
  const unknown = Object.keys(samples).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new RangeError(`${expected}, got one for ${inWords(unknown)}`);
  const { scale = 1, mean, std, layout } = settings;
  const entries = Object.entries(samples).map(([name, data]) => {
    const normalisation = makeNormalisation(data, { scale, mean, std, layout: layout ?? data.layout });
    return [name, { data, normalisation }] as const;
  });
  return Object.fromEntries(entries);
}

/**
 * The dataset of a call that reads labels.
 * @throws {RangeError} for anything else, such as datasets by input.
 */
export function labelledFrom(who: string, samples: unknown): Dataset {
  const entries = has(samples) && !Array.isArray(samples) ? Object.entries(samples) : [];
  if (entries.length > 0 && entries.every(([, one]) => isDataset(one))) {
    const names = listNames(entries.map(([name]) => name));
    throw new RangeError(
      `${who}: expected one dataset with labels, got a dataset for each of ${names}; ${withoutLabels}`,
    );
  }
  return datasetKind.check(samples, who);
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
