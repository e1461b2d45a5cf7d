import { kind, kinds, optional } from "@neft/options";
import { bytesOf } from "./bytes.js";
import type { Dataset } from "./dataset.js";
import { makeDataset } from "./dataset.js";
import { gunzipIfNeeded } from "./inflate.js";

const imageBytes = 3 * 32 * 32;
const recordBytes = 1 + imageBytes;
const classes = 10;

/**
 * Reads files in CIFAR-10's binary format, plain or gzipped, and concatenates them. A record is a label byte and 3,072 image bytes.
 *
 * Samples have shape [3, 32, 32], NCHW.
 *
 * @param fileNames  names of the files in errors. Default: "file 1 of N".
 * @throws {Error} when a file is empty, isn't a whole number of records, or has a label above 9.
 */
export function decodeCifar10(files: readonly Uint8Array[], name = "cifar10", fileNames?: readonly string[]): Dataset {
  kind("a list of files' bytes", Array.isArray)(files, "decodeCifar10: files");
  optional(kinds.names)(fileNames, "decodeCifar10: fileNames");
  const plain = files.map((file, i) =>
    readRecords(`decodeCifar10: ${fileNames?.[i] ?? `file ${i + 1} of ${files.length}`}`, file),
  );
  const count = plain.reduce((sum, bytes) => sum + bytes.length / recordBytes, 0);
  const values = new Uint8Array(count * imageBytes);
  const labels = new Int32Array(count);
  let sample = 0;
  for (const bytes of plain) {
    for (let at = 0; at < bytes.length; at += recordBytes) {
      labels[sample] = bytes[at]!;
      values.set(bytes.subarray(at + 1, at + recordBytes), sample * imageBytes);
      sample++;
    }
  }
  return makeDataset("decodeCifar10", { name, values, labels, shape: [3, 32, 32], classes });
}

/** A file's records, uncompressed and checked. */
function readRecords(who: string, file: Uint8Array): Uint8Array {
  const bytes = gunzipIfNeeded(who, bytesOf(who, file));
  if (bytes.length === 0 || bytes.length % recordBytes !== 0) {
    throw new Error(
      `${who}: expected a multiple of ${recordBytes} bytes (label, 3 × 32 × 32), got ${bytes.length}; the file is truncated or not CIFAR-10's binary format`,
    );
  }
  for (let at = 0; at < bytes.length; at += recordBytes) {
    if (bytes[at]! >= classes) {
      throw new Error(
        `${who}: expected labels from 0 to ${classes - 1}, got ${bytes[at]} for sample ${at / recordBytes}; the file is not CIFAR-10's binary format`,
      );
    }
  }
  return bytes;
}
