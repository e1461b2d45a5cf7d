import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { namesOfLocation, type OnnxFiles } from "@neft/onnx";

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
      writeFileSync(path, bytes);
    }
    const path = join(folder, basename(out));
    writeFileSync(path, model, { flag: "wx" });
    return path;
  } catch {
    return undefined;
  }
}
