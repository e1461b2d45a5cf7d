import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Model } from "@neft/model";
import { externalFilesOf, importOnnx } from "@neft/onnx";
import { readBytes } from "./readDataset.js";

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
 * Reads an ONNX file, and the files beside it that hold its weights where there are any (Node only). Await `init` before.
 * @throws {Error} when a file can't be read; {OnnxError} when it is no ONNX model or has unsupported parts, all listed.
 */
export async function readModel(file: string): Promise<ModelFromFile> {
  const bytes = await readBytes(file);
  try {
    const externalFiles = externalFilesOf(bytes);
    const externalData: Record<string, Uint8Array> = {};
    for (const location of externalFiles) externalData[location] = await readBytes(join(dirname(file), location));
    return { model: importOnnx(bytes, { externalData }), file, sha256: sha256(bytes), externalFiles };
  } catch (error) {
    throw new Error(`"${file}": ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

/** SHA-256 in hexadecimal. */
export const sha256 = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
