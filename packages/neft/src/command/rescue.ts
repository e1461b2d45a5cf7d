import { closeSync, mkdirSync, mkdtempSync, openSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { namesOfLocation, type OnnxFiles } from "@neft/onnx";
import { writeWhole } from "../whole-file.js";

function write(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "wx");
  try {
    writeWhole(file, bytes);
  } finally {
    closeSync(file);
  }
}

/**
 * Saves a trained model whose output failed to a new folder among the system's temporary files.
 * @param out  the intended path; the saved file has the same name.
 * @returns the saved file's path; undefined if this fails too.
 */
export function rescue({ model, external }: Pick<OnnxFiles, "model" | "external">, out: string): string | undefined {
  try {
    const folder = mkdtempSync(join(tmpdir(), "neft-"));
    for (const [location, bytes] of external) {
      const path = join(folder, ...namesOfLocation(location));
      mkdirSync(dirname(path), { recursive: true });
      write(path, bytes);
    }
    const path = join(folder, basename(out));
    write(path, model);
    return path;
  } catch {
    return undefined;
  }
}
