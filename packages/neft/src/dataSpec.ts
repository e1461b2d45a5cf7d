import { inWords } from "@neft/options";

/** Where a dataset is, as `readDataset` and the command's `--data` name it. */
export type DataSpec =
  | { readonly kind: "mnist"; readonly part: "train" | "test" }
  | { readonly kind: "idx"; readonly images: string; readonly labels: string }
  | { readonly kind: "cifar10"; readonly files: readonly string[] }
  | { readonly kind: "npz"; readonly file: string };

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
  "npz:FILE",
] as const;

/**
 * Reads `mnist:train`, `mnist:test`, `idx:IMAGES,LABELS`, `cifar10:FILE[,FILE…]` or `npz:FILE`. File names can hold colons but,
 * being separated by commas, no commas (npz, which is one file, can).
 * @param who  named in errors.
 * @throws {RangeError} for anything else; no file is touched here.
 */
export function parseDataSpec(word: string, who = "dataset"): DataSpec {
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
      return rest.trim() !== "" ? { kind, file: rest } : refuse("npz:FILE");
    default:
      return refuse(`one of ${dataSpecForms.join(", ")}`);
  }
}
