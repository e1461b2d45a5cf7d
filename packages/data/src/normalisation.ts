import { inWords, OptionError } from "@neft/options";
import { checkForm, type Dataset, type Layout } from "./dataset.js";

/** Conversion of stored values to a network's inputs: x = (value / scale − mean) / std, transposed to the network's layout. */
export interface Normalisation {
  /** > 0. */
  readonly scale: number;
  /** One value per channel, or one for all. */
  readonly mean: readonly number[];
  /** One value per channel, or one for all; each > 0. */
  readonly std: readonly number[];
  /** Axis order in which the network expects images. Default: the only one that fits the input's shape, else the dataset's. */
  readonly layout?: Layout | undefined;
}

/**
 * Checks a normalisation against a dataset and fills in defaults: scale 255 for bytes and 1 for floats, mean 0, std 1.
 *
 * @throws {RangeError} when scale or a std isn't finite and > 0, a mean isn't finite, or mean or std has neither one value nor one
 *   per channel.
 */
export function makeNormalisation(
  dataset: Dataset,
  {
    scale = dataset.bytes ? 255 : 1,
    mean = [0],
    std = [1],
    layout,
  }: { readonly [Name in keyof Normalisation]?: Normalisation[Name] | undefined } = {},
): Normalisation {
  checkForm(dataset);
  const normalisation = { scale, mean, std, layout };
  channelMoments(dataset, normalisation);
  return normalisation;
}

/** Number of channels of a sample: that of its layout if it has three axes, else 1. */
export function channelsOf(dataset: Dataset): number {
  if (dataset.shape.length !== 3) return 1;
  return dataset.shape[dataset.layout === "NCHW" ? 0 : 2]!;
}

/**
 * Mean and std of each channel; a single value is repeated.
 * @throws {RangeError} as `makeNormalisation`.
 */
export function channelMoments(
  dataset: Dataset,
  { scale, mean, std, layout }: Normalisation,
): { mean: number; std: number }[] {
  const channels = channelsOf(dataset);
  const isPositive = (value: unknown): boolean => Number.isFinite(value) && (value as number) > 0;
  if (!isPositive(scale))
    throw new RangeError(`normalisation: scale: expected a finite number > 0, got ${inWords(scale)}`);
  if (layout !== undefined && layout !== "NCHW" && layout !== "NHWC") {
    throw new RangeError(`normalisation: layout: expected NCHW or NHWC, got ${inWords(layout)}`);
  }
  const perChannel = (
    name: string,
    values: unknown,
    expected: string,
    isValid: (value: unknown) => boolean,
  ): number[] => {
    const list = Array.isArray(values) ? Array.from<unknown>(values) : [values];
    for (const value of list) {
      if (!isValid(value)) throw new RangeError(`normalisation: ${name}: expected ${expected}, got ${inWords(value)}`);
    }
    if (list.length !== 1 && list.length !== channels) {
      const numbers = channels === 1 ? "1 value" : `1 value or ${channels}, one for each channel`;
      throw new OptionError({
        option: name,
        subject: "normalisation: {option}",
        expected: numbers,
        got: String(list.length),
      });
    }
    return Array.from({ length: channels }, (_, channel) => list[list.length === 1 ? 0 : channel] as number);
  };
  const stds = perChannel("std", std, "finite numbers > 0", isPositive);
  return perChannel("mean", mean, "a finite number", Number.isFinite).map((value, i) => ({
    mean: value,
    std: stds[i]!,
  }));
}
