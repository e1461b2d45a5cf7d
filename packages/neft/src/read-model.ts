import { createHash } from "node:crypto";
import { dirname } from "node:path";
import type { Model } from "@neft/model";
import { externalFilesOf, importOnnx } from "@neft/onnx";
import { inWords, kinds } from "@neft/options";
import { readExternal } from "./external-file.js";
import { readBytes } from "./read-dataset.js";

/** A model with the file it came from. */
export interface ModelFromFile {
  readonly model: Model;
  readonly file: string;
  /** SHA-256 of the file, in hexadecimal. */
  readonly sha256: string;
  /** Files beside it that hold its weights, as it names them; mostly none. */
  readonly externalFiles: readonly string[];
}

/**
 * Reads an ONNX file, and the files in its folder that hold its weights where there are any (Node only). Await `init` before.
 * Nothing outside of that folder is read, whatever the file says, and nothing through a link in it.
 * @throws {Error} when a file can't be read; {OnnxError} when it is no ONNX model or has unsupported parts, all listed.
 */
export async function readModel(file: string): Promise<ModelFromFile> {
  kinds.name(file, "readModel: file");
  const bytes = await readBytes(file);
  try {
    const externalFiles = externalFilesOf(bytes);
    const files: [string, Uint8Array][] = [];
    for (const location of externalFiles) files.push([location, await readExternal(dirname(file), location)]);
    // By entries: a location may be called "__proto__".
    const externalData = Object.fromEntries(files);
    return { model: importOnnx(bytes, { externalData }), file, sha256: sha256(bytes), externalFiles };
  } catch (error) {
    throw new Error(`${inWords(file)}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** SHA-256 in hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
