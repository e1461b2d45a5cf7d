import type { ArrayPair, Part } from "@neft/data";
import { inWords, kinds } from "@neft/options";

/** Source of a dataset, as given to `readDataset` or the command's `--data`. */
export type DataSpec =
  | { readonly kind: "mnist"; readonly part: "train" | "test" }
  | { readonly kind: "idx"; readonly images: string; readonly labels: string }
  | { readonly kind: "cifar10"; readonly files: readonly string[] }
  | {
      readonly kind: "npz";
      readonly file: string;
      /** The part to read, or the names of the two arrays, if the archive has several. */
      readonly part?: Part | undefined;
      readonly arrays?: ArrayPair | undefined;
    };

/** Files named in a spec; empty for an installed dataset. */
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

/** All forms of a spec, for help and errors. */
export const dataSpecForms = [
  "mnist:train",
  "mnist:test",
  "idx:IMAGES,LABELS",
  "cifar10:FILE[,FILE…]",
  "npz:FILE[#train|#test|#val|#SAMPLES,LABELS]",
] as const;

/** Matches FILE#PART, FILE#SAMPLES,LABELS, and FILE#, which selects nothing: it is for file names that themselves contain a suffix like #train. */
const choice = /^(?<file>.+)#(?:(?<part>train|test|val)|(?<samples>[^#,./\\]+),(?<labels>[^#,./\\]+)|)$/s;

/**
 * Parses `mnist:train`, `mnist:test`, `idx:IMAGES,LABELS`, `cifar10:FILE[,FILE…]` or `npz:FILE`, the last with an optional `#train`,
 * `#test`, `#val` or `#SAMPLES,LABELS`. Opens no file. File names may contain colons; only those of npz may contain commas. If the name
 * of an archive itself ends in such a suffix, append one more `#`.
 * @param who  the name shown in errors. Default: dataset.
 * @throws {RangeError} if `word` has none of these forms.
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
      return rest.trim() !== "" ? { kind, ...parseChoice(rest) } : refuse("npz:FILE");
    default:
      return refuse(`one of ${dataSpecForms.join(", ")}`);
  }
}

/** Splits FILE#CHOICE into the archive's name and the chosen part or arrays. */
function parseChoice(rest: string): { file: string; part?: Part; arrays?: ArrayPair } {
  const { file, part, samples, labels } = choice.exec(rest)?.groups ?? {};
  if (file === undefined) return { file: rest };
  if (part !== undefined) return { file, part: part as Part };
  return samples === undefined ? { file } : { file, arrays: [samples, labels!] };
}
