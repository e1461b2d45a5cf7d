import { optionError } from "@neft/options";
import type { Dataset, Layout } from "./dataset.js";

/** How stored values become a network's inputs: x = (value / scale − mean) / std, then in the order of axes the network reads. */
export interface Normalisation {
  readonly scale: number;
  /** One for each channel, or a single one for all. */
  readonly mean: readonly number[];
  /** One for each channel, or a single one for all; none is 0. */
  readonly std: readonly number[];
  /** Axis order the network expects images in; left out, it follows from the input's shape (NCHW where that leaves it open). */
  readonly layout?: Layout | undefined;
}

/**
 * A checked normalisation for a dataset; what isn't given takes its default: scale 255 for bytes and 1 for floats, mean 0, std 1.
 *
 * @throws {RangeError} when scale or a std is 0 or not finite, or mean or std has neither one entry nor one for each channel.
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
export function channelMoments(dataset: Dataset, { scale, mean, std }: Normalisation): { mean: number; std: number }[] {
  const channels = channelsOf(dataset);
  for (const value of [scale, ...std]) {
    if (!Number.isFinite(value) || value === 0) {
      throw new RangeError(`normalisation: scale and std: expected finite numbers other than 0, got ${value}`);
    }
  }
  for (const value of mean) {
    if (!Number.isFinite(value)) throw new RangeError(`normalisation: mean: expected a finite number, got ${value}`);
  }
  const pick = (name: string, values: readonly number[], channel: number): number => {
    if (values.length !== 1 && values.length !== channels) {
      const expected = channels === 1 ? "1 value" : `1 value or ${channels}, one for each channel`;
      throw optionError((called) => `normalisation: ${called(name)}: expected ${expected}, got ${values.length}`);
    }
    return values[values.length === 1 ? 0 : channel]!;
  };
  return Array.from({ length: channels }, (_, channel) => ({
    mean: pick("mean", mean, channel),
    std: pick("std", std, channel),
  }));
}
