import { type Device, defineDevice, deviceNamed } from "@neft/crossbar";
import { type Dataset, type Layout, makeNormalisation, type Normalisation } from "@neft/data";
import type { Model } from "@neft/model";
import { checkOptions, has, kind, kinds, type Rules } from "@neft/options";
import type { Workers } from "@neft/training";
import { createWorkers } from "./spawn.js";

/** How values become a network's inputs; what is left out takes its default. */
export interface InputOptions {
  /** x = (value / scale − mean) / std. Default: 255 for bytes, 1 for others and where the model's input is of an integer type. */
  readonly scale?: number | undefined;
  /** One for all channels, or one for each; 0 unless said. */
  readonly mean?: number | readonly number[] | undefined;
  /** One for all channels, or one for each; 1 unless said. */
  readonly std?: number | readonly number[] | undefined;
  /** Axis order of the model's image input; told from its shape unless said. */
  readonly layout?: Layout | undefined;
}

/** The rule of arguments that are datasets; whether one is right is checked where it is used. */
export const datasetRule = kind("a dataset", (value) => has(value, "values", "labels", "shape", "count"));

export const inputRules: Rules<InputOptions> = {
  scale: kinds.number,
  mean: kinds.numbers,
  std: kinds.numbers,
  layout: kinds.oneOf("NCHW", "NHWC"),
};

/** What chips are made of and where they are read. */
export interface ChipOptions {
  /** A record, or the id of one of `devices`; "rram1" unless said. */
  readonly device?: string | Device | undefined;
  /** Bits of a stored weight; 8 unless said. */
  readonly weightBits?: number | undefined;
  /** Bits of one cell; the device's own unless said. */
  readonly bitsPerCell?: number | undefined;
  /** A fresh draw of the variation for every sample instead of one for all. */
  readonly perSample?: boolean | undefined;
  /** 1 unless said; the same seed gives the same numbers, whatever the workers. */
  readonly seed?: number | undefined;
  /** The model's output with the class scores; needed where it has several. */
  readonly output?: string | undefined;
  /** Threads to use, or a pool of `createWorkers` to use again and again; this thread alone unless said. */
  readonly workers?: number | Workers | undefined;
  readonly signal?: AbortSignal | undefined;
}

export const chipRules: Rules<ChipOptions> = {
  device: kind("an id or a device record", (value) => typeof value === "string" || has(value)),
  weightBits: kinds.number,
  bitsPerCell: kinds.number,
  perSample: kinds.flag,
  seed: kinds.number,
  output: kinds.name,
  workers: kind(
    "a number or a pool of createWorkers",
    (value) => typeof value === "number" || has(value, "size", "lend"),
  ),
  signal: kind("an AbortSignal", (value) => has(value, "aborted", "addEventListener")),
};

/**
 * The normalisation of a dataset, for a network where it is given.
 * @throws {RangeError} for options that aren't known, or that don't fit the dataset.
 */
export function normalisationOf(data: Dataset, options: InputOptions, model?: Model): Normalisation {
  datasetRule(data, "normalisationOf: data");
  checkOptions("normalisationOf", options, inputRules);
  return normalisationFrom(data, options, model);
}

/** The same from options that are checked and may hold others besides. */
export function normalisationFrom(
  data: Dataset,
  { scale, mean, std, layout }: InputOptions,
  model?: Model,
): Normalisation {
  // A network that takes integers takes the values as they are.
  const takesIntegers = (model?.inputs[0]?.dtype ?? "f32") !== "f32";
  const listed = (values: number | readonly number[] | undefined): readonly number[] | undefined =>
    typeof values === "number" ? [values] : values;
  // A key that is there but undefined would be taken for a value.
  const given = Object.entries({
    scale: scale ?? (takesIntegers ? 1 : undefined),
    mean: listed(mean),
    std: listed(std),
    layout,
  }).filter(([, value]) => value !== undefined);
  return makeNormalisation(data, Object.fromEntries(given));
}

/**
 * The device of that id, or the record given, checked and copied.
 * @throws {RangeError} as `defineDevice` and `deviceNamed`.
 */
export function deviceOf(device: string | Device = "rram1"): Device {
  return typeof device === "string" ? deviceNamed(device) : defineDevice(device);
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
