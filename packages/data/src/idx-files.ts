import { kinds } from "@neft/options";
import { bytesOf } from "./bytes.js";
import type { Dataset } from "./dataset.js";
import { decodePlainIdx } from "./idx.js";
import { gunzipIfNeeded } from "./inflate.js";

/**
 * Reads a pair of IDX files (MNIST's format), or images alone, plain or gzipped.
 *
 * Images of shape [count, rows, cols] become samples [1, rows, cols]; other ranks drop only the first axis.
 *
 * @param labels  the second file. Default: a dataset without labels.
 * @param fileNames  names of the two files in errors. Default: "images" and "labels".
 * @throws {Error} when a file isn't IDX, is truncated or too long, or when images and labels differ in number.
 */
export function decodeIdx(
  images: Uint8Array,
  labels: Uint8Array | undefined,
  name = "idx",
  fileNames: readonly [images: string, labels: string] = ["images", "labels"],
): Dataset {
  kinds.names(fileNames, "decodeIdx: fileNames");
  const unpacked = (file: Uint8Array, fileName: string): Uint8Array => {
    const who = `decodeIdx: ${fileName}`;
    return gunzipIfNeeded(who, bytesOf(who, file));
  };
  return decodePlainIdx(unpacked(images, fileNames[0]), labels && unpacked(labels, fileNames[1]), name, fileNames);
}
