import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Model } from "@neft/model";
import { externalFilesOf, type ImportOptions, importOnnx } from "@neft/onnx";
import { checkOptions, inWords, kinds, type Rules } from "@neft/options";
import { readExternal } from "./external-file.js";
import { readBytes } from "./read-dataset.js";

/** A model and the file it was read from. */
export interface ModelFromFile {
  readonly model: Model;
  readonly file: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** Locations of its external weights, relative to the model's folder; usually empty. */
  readonly externalFiles: readonly string[];
}

/** Options of `readModel`. */
export interface ReadModelOptions extends Pick<ImportOptions, "embeddings"> {}

const readModelRules: Rules<ReadModelOptions> = { embeddings: kinds.flag };

/**
 * Reads an ONNX file and its external weights (Node only). Await `init` first.
 * External weights must be in the model's folder; links in it are not followed.
 * @throws {Error} if a file can't be read, is not an ONNX model, or has unsupported parts (all are listed). Its `cause` is the
 *   OnnxError, if any.
 */
export async function readModel(file: string, options: ReadModelOptions = {}): Promise<ModelFromFile> {
  kinds.name(file, "readModel: file");
  checkOptions("readModel", options, readModelRules);
  return decodeModel(file, await readBytes(file), options);
}

/** The model of a file's bytes, as `readModel`. */
export async function decodeModel(
  file: string,
  bytes: Uint8Array,
  options: ReadModelOptions = {},
): Promise<ModelFromFile> {
  try {
    const externalFiles = externalFilesOf(bytes);
    const files: [string, Uint8Array][] = [];
    for (const location of externalFiles) files.push([location, await readExternal(dirname(file), location)]);
    // fromEntries, because a location may be called "__proto__".
    const externalData = Object.fromEntries(files);
    return { model: importOnnx(bytes, { externalData, ...options }), file, sha256: sha256(bytes), externalFiles };
  } catch (error) {
    throw new Error(`${inWords(file)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** SHA-256 digest of bytes, or of a text in UTF-8, in hexadecimal. */
export const sha256 = (contents: string | Uint8Array): string => createHash("sha256").update(contents).digest("hex");
