import { type Dataset, type InputOptions, inputSettings, makeNormalisation, type Normalisation } from "@neft/data";
import { type SampledInputs, withoutLabels } from "@neft/evaluation";
import { listNames, type Model } from "@neft/model";
import { has, inWords, type ResolvedOf, resolveOptions } from "@neft/options";
import type { Pool } from "@neft/work";
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

/** Splits a name like state@1 into the input's name and the axis of its samples. */
function inputNamed(key: string): { readonly name: string; readonly axis: number | undefined } {
  const { name, axis } = /^(?<name>.*)@(?<axis>\d{1,3})$/s.exec(key)?.groups ?? {};
  return name === undefined ? { name: key, axis: undefined } : { name, axis: Number(axis) };
}

/**
 * The samples of a network's inputs, with their normalisations. Values of a dataset that belongs to an input by name enter unchanged, unless
 * options say otherwise. A name like state@1 says on which of the input's axes the samples of a batch are.
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
  const given = Object.entries(samples).map(([key, data]) => ({ key, data, ...inputNamed(key) }));
  const unknown = given.find(({ name }) => !names.includes(name));
  const missing = names.find((name) => !given.some((one) => one.name === name));
  if (unknown !== undefined && names.includes(unknown.key)) {
    throw new RangeError(
      `${who}: expected ${inWords(`${unknown.key}@0`)}, because a name that ends in @ and a number says on which axis of the input the samples are, got ${inWords(unknown.key)}`,
    );
  }
  if (missing !== undefined) throw new RangeError(`${expected}, got none for ${inWords(missing)}`);
  if (unknown !== undefined) throw new RangeError(`${expected}, got one for ${inWords(unknown.key)}`);
  const twice = given.find(({ name }, i) => given.findIndex((one) => one.name === name) !== i);
  if (twice !== undefined) throw new RangeError(`${expected}, got two for ${inWords(twice.name)}`);
  const { scale = 1, mean, std, layout } = settings;
  const entries = given.map(({ name, axis, data }) => {
    const normalisation = makeNormalisation(data, { scale, mean, std, layout: layout ?? data.layout });
    return [name, { data, normalisation, axis }] as const;
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
  use: (pool: Pool | undefined) => Promise<T>,
): Promise<T> {
  if (typeof workers !== "number") return use(workers && poolOf(workers));
  const pool = createWorkers(workers);
  try {
    return await use(poolOf(pool));
  } finally {
    await pool.close();
  }
}
