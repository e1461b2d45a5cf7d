import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { namesOfLocation, type OnnxFiles } from "@neft/onnx";

/**
 * Keeps a trained model that couldn't be written where it was meant to go, in a new folder among the system's temporary files: hours of
 * training are worth more than a disk that filled up meanwhile.
 * @param out  where it was meant to go; its name is none of the external files'.
 * @returns its path; nothing where that fails, too.
 */
export function rescue({ model, external }: OnnxFiles, out: string): string | undefined {
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
