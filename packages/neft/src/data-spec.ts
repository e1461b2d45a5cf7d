import type { ArrayNames, Part } from "@neft/data";
import { inWords, kinds } from "@neft/options";

/** Source of a dataset, as given to `readDataset` or the command's `--data`. */
export type DataSpec =
  | { readonly kind: "mnist"; readonly part: "train" | "test" }
  | {
      readonly kind: "idx";
      readonly images: string;
      /** Default: a dataset without labels. */
      readonly labels?: string | undefined;
    }
  | { readonly kind: "cifar10"; readonly files: readonly string[] }
  | {
      readonly kind: "npz";
      readonly file: string;
      /** The part to read, or the names of the arrays, if the archive has several. */
      readonly part?: Part | undefined;
      readonly arrays?: ArrayNames | undefined;
    }
  | { readonly kind: "npy"; readonly file: string };

/** Source of samples as given to `--data`: a dataset, or an archive with an array for each of the network's inputs. */
export type SamplesSpec = DataSpec | { readonly kind: "inputs"; readonly file: string };

/** Files named in a spec; empty for an installed dataset. */
export function dataFiles(spec: SamplesSpec): readonly string[] {
  switch (spec.kind) {
    case "mnist":
      return [];
    case "idx":
      return [spec.images, ...(spec.labels === undefined ? [] : [spec.labels])];
    case "cifar10":
      return spec.files;
    case "npz":
    case "npy":
    case "inputs":
      return [spec.file];
  }
}

/** All forms of a spec, for help and errors. */
export const dataSpecForms = [
  "mnist:train",
  "mnist:test",
  "idx:IMAGES[,LABELS]",
  "cifar10:FILE[,FILE…]",
  "npz:FILE[#train|#test|#val|#SAMPLES,[LABELS]]",
  "npy:FILE",
] as const;

/** All forms of the command's `--data`. */
export const samplesSpecForms = [...dataSpecForms, "inputs:FILE"] as const;

/** Matches FILE#PART, FILE#SAMPLES,LABELS, and FILE#, which selects nothing: it is for file names that themselves contain a suffix like #train. */
const choice = /^(?<file>.+)#(?:(?<part>train|test|val)|(?<samples>[^#,./\\]+),(?<labels>[^#,./\\]*)|)$/s;

/**
 * Parses `mnist:train`, `mnist:test`, `idx:IMAGES,LABELS`, `cifar10:FILE[,FILE…]`, `npy:FILE` or `npz:FILE`, the last with an optional
 * `#train`, `#test`, `#val` or `#SAMPLES,LABELS`. Samples have no labels in npy and without LABELS. Opens no file. File names may contain
 * colons; only those of npz and npy may contain commas. If the name of an archive itself ends in such a suffix, append one more `#`.
 * @param who  the name shown in errors. Default: dataset.
 * @param forms  the forms shown in errors.
 * @throws {RangeError} if `word` has none of these forms.
 */
export function parseDataSpec(word: string, who = "dataset", forms: readonly string[] = dataSpecForms): DataSpec {
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
      return files.length <= 2 && isFilled
        ? { kind, images: files[0]!, ...(files.length === 2 && { labels: files[1]! }) }
        : refuse("idx:IMAGES[,LABELS]");
    case "cifar10":
      return isFilled ? { kind, files } : refuse("cifar10:FILE[,FILE…]");
    case "npz":
      return rest.trim() !== "" ? { kind, ...parseChoice(rest) } : refuse("npz:FILE");
    case "npy":
      return rest.trim() !== "" ? { kind, file: rest } : refuse("npy:FILE");
    default:
      return refuse(`one of ${forms.join(", ")}`);
  }
}

/**
 * Parses all forms of `parseDataSpec`, and `inputs:FILE`.
 * @throws {RangeError} if `word` has none of these forms.
 */
export function parseSamplesSpec(word: string, who: string): SamplesSpec {
  const [kind, file = ""] = /^(inputs):(.*)$/s.exec(word)?.slice(1) ?? [];
  if (kind === undefined) return parseDataSpec(word, who, samplesSpecForms);
  if (file.trim() === "") throw new RangeError(`${who}: expected inputs:FILE, got ${inWords(word)}`);
  return { kind: "inputs", file };
}

/** Splits FILE#CHOICE into the archive's name and the chosen part or arrays. */
function parseChoice(rest: string): { file: string; part?: Part; arrays?: ArrayNames } {
  const { file, part, samples, labels } = choice.exec(rest)?.groups ?? {};
  if (file === undefined) return { file: rest };
  if (part !== undefined) return { file, part: part as Part };
  if (samples === undefined) return { file };
  return { file, arrays: labels === "" ? [samples] : [samples, labels!] };
}
