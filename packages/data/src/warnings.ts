import { inWords } from "@neft/options";
import type { DType } from "@neft/tensor";
import type { Dataset } from "./dataset.js";
import type { Normalisation } from "./normalisation.js";

/** Upper bound of images scaled to 0–1; above 1 because interpolation can overshoot. */
const largestUnit = 1.5;

/** Upper bound of images normalised by mean and std; the brightest pixel of a dark dataset is about 10 std from the mean. */
const largestNormalised = 16;

/** Images of 0 to 255 have a brighter pixel in some sample; images without one have at most five bits. */
const darkestByte = 32;

/**
 * Warnings about images that are probably scaled wrongly, one sentence each: bytes with few levels that are divided by 255, and
 * floats of 0 to 255 that aren't scaled. Empty when there are none.
 *
 * @param dtype  dtype of the network's input; there are no warnings for integer inputs, which take values unchanged. Default: f32.
 */
export function imageWarnings(dataset: Dataset, { scale, std }: Normalisation, dtype: DType = "f32"): string[] {
  if (dataset.shape.length !== 3 || dtype !== "f32") return [];
  const who = `dataset ${inWords(dataset.name)}`;
  const { least, largest } = rangeOf(dataset);
  if (dataset.bytes) {
    const full = Math.max(1, largest);
    const isFarBelow = full === 1 ? scale > 1 : scale > 2 * full;
    return largest <= darkestByte && isFarBelow
      ? [
          `${who}: the largest byte is ${largest}, and bytes are divided by ${scale}; if ${full} means full scale, set scale to ${full}`,
        ]
      : [];
  }
  if (scale !== 1 || std.some((value) => value > largestUnit)) return [];
  return largest > largestNormalised || (least >= 0 && largest > largestUnit)
    ? [
        `${who}: values are up to ${largest} and aren't scaled; if the network was trained on other values, set scale (255 for images of 0 to 255)`,
      ]
    : [];
}

/** Smallest and largest value; for bytes, stops at the first one above `darkestByte`. */
function rangeOf({ values, bytes }: Dataset): { least: number; largest: number } {
  let [least, largest] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > largest) largest = value;
    if (bytes && largest > darkestByte) break;
  }
  return { least, largest };
}
