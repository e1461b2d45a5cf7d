import { inWords, OptionError } from "@neft/options";
import { checkForm, type Dataset, type Layout } from "./dataset.js";

/** How stored values become a network's inputs: x = (value / scale − mean) / std, then in the order of axes the network reads. */
export interface Normalisation {
  /** > 0 */
  readonly scale: number;
  /** One for each channel, or a single one for all. */
  readonly mean: readonly number[];
  /** One for each channel, or a single one for all; each > 0. */
  readonly std: readonly number[];
  /** Axis order the network expects images in; left out, it follows from the input's shape (NCHW where that leaves it open). */
  readonly layout?: Layout | undefined;
}

/**
 * A checked normalisation for a dataset; what isn't given takes its default: scale 255 for bytes and 1 for floats, mean 0, std 1.
 *
 * @throws {RangeError} when scale or a std is no finite number > 0, or mean or std has neither one entry nor one for each channel.
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

/** Number of channels of one sample: 1 unless it is an image with three axes. */
export function channelsOf(dataset: Dataset): number {
  if (dataset.shape.length !== 3) return 1;
  return dataset.shape[dataset.layout === "NCHW" ? 0 : 2]!;
}

/** The mean and std of each channel. Throws like `makeNormalisation`. */
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
  const each = (name: string, values: unknown, expected: string, isOne: (value: unknown) => boolean): number[] => {
    const list = Array.isArray(values) ? Array.from<unknown>(values) : [values];
    for (const value of list) {
      if (!isOne(value)) throw new RangeError(`normalisation: ${name}: expected ${expected}, got ${inWords(value)}`);
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
  const stds = each("std", std, "finite numbers > 0", isPositive);
  return each("mean", mean, "a finite number", Number.isFinite).map((value, i) => ({ mean: value, std: stds[i]! }));
}
