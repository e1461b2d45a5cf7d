import type { ArrayPair, Part } from "@neft/data";
import { inWords, kinds } from "@neft/options";

/** Where a dataset is, as `readDataset` and the command's `--data` name it. */
export type DataSpec =
  | { readonly kind: "mnist"; readonly part: "train" | "test" }
  | { readonly kind: "idx"; readonly images: string; readonly labels: string }
  | { readonly kind: "cifar10"; readonly files: readonly string[] }
  | {
      readonly kind: "npz";
      readonly file: string;
      /** The part to read, or the arrays by name, where the archive has several. */
      readonly part?: Part | undefined;
      readonly arrays?: ArrayPair | undefined;
    };

/** The files named in a spec; none for an installed dataset. */
export function dataFiles(spec: DataSpec): readonly string[] {
  switch (spec.kind) {
    case "mnist":
      return [];
    case "idx":
      return [spec.images, spec.labels];
    case "cifar10":
      return spec.files;
    case "npz":
      return [spec.file];
  }
}

/** The forms a dataset can be named in, for help and errors. */
export const dataSpecForms = [
  "mnist:train",
  "mnist:test",
  "idx:IMAGES,LABELS",
  "cifar10:FILE[,FILE…]",
  "npz:FILE[#train|#test|#val|#SAMPLES,LABELS]",
] as const;

/** Behind an archive's name: a part, the names of two arrays, or nothing, so that a name can end in any of them. */
const choice = /^(?<file>.+)#(?:(?<part>train|test|val)|(?<samples>[^#,./\\]+),(?<labels>[^#,./\\]+)|)$/s;

/**
 * Reads `mnist:train`, `mnist:test`, `idx:IMAGES,LABELS`, `cifar10:FILE[,FILE…]` or `npz:FILE`, the last one with `#train`, `#test`,
 * `#val` or `#SAMPLES,LABELS` where an archive has several parts. File names can hold colons but, being separated by commas, no commas
 * (npz, which is one file, can). An archive whose own name ends in `#train` and the like is named with one more `#` behind it.
 * @param who  named in errors.
 * @throws {RangeError} for anything else; no file is touched here.
 */
export function parseDataSpec(word: string, who = "dataset"): DataSpec {
  kinds.name(who, "parseDataSpec: who");
  kinds.name(word, who);
  const refuse = (expected: string): DataSpec => {
    throw new RangeError(`${who}: expected ${expected}, got ${inWords(word)}`);
  };
  const colon = word.indexOf(":");
  const kind = colon < 0 ? "" : word.slice(0, colon);
  const rest = word.slice(colon + 1);
  const files = rest.split(",");
  const isFilled = files.every((file) => file.trim() !== "");
  switch (kind) {
    case "mnist":
      return rest === "train" || rest === "test" ? { kind, part: rest } : refuse("mnist:train or mnist:test");
    case "idx":
      return files.length === 2 && isFilled
        ? { kind, images: files[0]!, labels: files[1]! }
        : refuse("idx:IMAGES,LABELS");
    case "cifar10":
      return isFilled ? { kind, files } : refuse("cifar10:FILE[,FILE…]");
    case "npz":
      return rest.trim() !== "" ? { kind, ...chosen(rest) } : refuse("npz:FILE");
    default:
      return refuse(`one of ${dataSpecForms.join(", ")}`);
  }
}

/** An archive's name and what is chosen from it. */
function chosen(rest: string): { file: string; part?: Part; arrays?: ArrayPair } {
  const { file, part, samples, labels } = choice.exec(rest)?.groups ?? {};
  if (file === undefined) return { file: rest };
  if (part !== undefined) return { file, part: part as Part };
  return samples === undefined ? { file } : { file, arrays: [samples, labels!] };
}
