import { inWords } from "@neft/options";
import type { Dataset } from "./dataset.js";
import type { Normalisation } from "./normalisation.js";

/** No image that is scaled to 0–1 has a larger value; the rest is for interpolation that overshoots. */
const largestUnit = 1.5;

/** Images that are normalised by their mean and std stay well below: the brightest pixel of a dark set is 10 std away. */
const largestNormalised = 16;

/**
 * What is odd about how images reach the network, one sentence each: images of zeros and ones that are divided by 255 all the
 * same, and ones that look like 0–255 and aren't scaled.
 */
export function imageWarnings(dataset: Dataset, { scale, std }: Normalisation): string[] {
  if (dataset.shape.length !== 3) return [];
  const who = `dataset ${inWords(dataset.name)}`;
  const { least, largest } = rangeOf(dataset);
  if (dataset.bytes) {
    return largest <= 1 && scale > 1
      ? [
          `${who}: the largest byte is ${largest}, and bytes are divided by ${scale}; if 1 means full scale, set scale to 1`,
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

/** Smallest and largest value; of bytes no further than is needed to see that there are larger ones than 1. */
function rangeOf({ values, bytes }: Dataset): { least: number; largest: number } {
  let [least, largest] = [Infinity, -Infinity];
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < least) least = value;
    if (value > largest) largest = value;
    if (bytes && largest > 1) break;
  }
  return { least, largest };
}
