import { kinds } from "@neft/options";
import { sizeOf } from "@neft/tensor";
import { bytesOf } from "./bytes.js";
import type { Dataset } from "./dataset.js";
import { makeDataset } from "./dataset.js";
import { labelValues, type Numbers, sampleValues } from "./numbers.js";

const unsignedBytes = 8;
const firstFloat = 13;

/** Element readers by IDX type code; values are big-endian. */
const elements: Readonly<Record<number, { bytes: number; read(view: DataView, at: number): number }>> = {
  [unsignedBytes]: { bytes: 1, read: (view, at) => view.getUint8(at) },
  9: { bytes: 1, read: (view, at) => view.getInt8(at) },
  11: { bytes: 2, read: (view, at) => view.getInt16(at) },
  12: { bytes: 4, read: (view, at) => view.getInt32(at) },
  13: { bytes: 4, read: (view, at) => view.getFloat32(at) },
  14: { bytes: 8, read: (view, at) => view.getFloat64(at) },
};

interface IdxArray {
  readonly shape: readonly number[];
  readonly numbers: Numbers;
}

/** As `decodeIdx`, for files that aren't gzipped: without what unpacks others. */
export function decodePlainIdx(
  images: Uint8Array,
  labels: Uint8Array | undefined,
  name = "idx",
  fileNames: readonly [images: string, labels: string] = ["images", "labels"],
): Dataset {
  kinds.names(fileNames, "decodeIdx: fileNames");
  const [ofImages, ofLabels] = fileNames.map((file) => `decodeIdx: ${file}`) as [string, string];
  const x = readIdx(ofImages, images);
  const y = labels && readIdx(ofLabels, labels);
  if (x.shape.length < 2) {
    throw new Error(
      `${ofImages}: expected 2 axes or more, got shape [${x.shape.join(", ")}]; are images and labels swapped?`,
    );
  }
  if (y && y.shape.length !== 1) {
    throw new Error(
      `${ofLabels}: expected one axis, got shape [${y.shape.join(", ")}]; are images and labels swapped?`,
    );
  }
  const shape = x.shape.length === 3 ? [1, ...x.shape.slice(1)] : x.shape.slice(1);
  return makeDataset(`decodeIdx: ${fileNames.slice(0, y ? 2 : 1).join(", ")}`, {
    name,
    values: sampleValues(ofImages, x.numbers),
    labels: y && labelValues(ofLabels, y.numbers),
    shape,
  });
}

function readIdx(who: string, file: Uint8Array): IdxArray {
  const bytes = bytesOf(who, file);
  if (bytes.length < 4 || bytes[0] !== 0 || bytes[1] !== 0) {
    const start = [...bytes.subarray(0, 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
    throw new Error(
      `${who}: expected an IDX file (00 00, type, rank), got ${bytes.length === 0 ? "an empty file" : `bytes ${start}`}`,
    );
  }
  const element = elements[bytes[2]!];
  if (!element) {
    throw new Error(`${who}: expected type code ${Object.keys(elements).join(", ")}, got ${bytes[2]}`);
  }
  const rank = bytes[3]!;
  const start = 4 + 4 * rank;
  if (rank === 0 || bytes.length < start) {
    throw new Error(`${who}: expected an IDX header with 1 axis or more, got rank ${rank} in ${bytes.length} bytes`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const length = sizeOf(shape);
  if (bytes.length !== start + length * element.bytes) {
    throw new Error(
      `${who}: expected ${start + length * element.bytes} bytes for shape [${shape.join(", ")}], got ${bytes.length}; the file is truncated or corrupt`,
    );
  }
  const at = (index: number): number => element.read(view, start + index * element.bytes);
  const isBytes = bytes[2] === unsignedBytes;
  const isInteger = bytes[2]! < firstFloat;
  return { shape, numbers: { length, at, isInteger, bytes: isBytes ? bytes.subarray(start) : undefined } };
}
