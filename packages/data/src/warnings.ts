import { inWords } from "@neft/options";
import type { DType } from "@neft/tensor";
import type { Dataset } from "./dataset.js";
import type { Normalisation } from "./normalisation.js";

/** No image that is scaled to 0–1 has a larger value; the rest is for interpolation that overshoots. */
const largestUnit = 1.5;

/** Images that are normalised by their mean and std stay well below: the brightest pixel of a dark set is 10 std away. */
const largestNormalised = 16;

/** Images of 0 to 255 have a brighter pixel somewhere: these are of five bits at most, truth values among them. */
const darkestByte = 32;

/**
 * What is odd about how images reach the network, one sentence each: images of few levels that are divided by 255 all the same,
 * and ones that look like 0–255 and aren't scaled.
 *
 * @param dtype  of the network's input; one that takes integers takes the values as they are. Default: f32.
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

/** Smallest and largest value; of bytes no further than is needed to see that there are brighter ones than the darkest images'. */
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
