import { inWords, isListOf, kind, kinds, type Rules } from "@neft/options";
import { shownName } from "./bytes.js";

/** A part of a dataset; archives with several parts name their arrays by it. */
export type Part = "train" | "test" | "val";

/** Words for parts in array names. */
const partWords: Readonly<Record<string, Part>> = {
  train: "train",
  training: "train",
  test: "test",
  testing: "test",
  eval: "test",
  evaluation: "test",
  holdout: "test",
  val: "val",
  valid: "val",
  validation: "val",
  dev: "val",
  development: "val",
};

/** Words for samples and labels in array names. */
const roleWords: Readonly<Record<string, "samples" | "labels">> = {
  x: "samples",
  image: "samples",
  images: "samples",
  data: "samples",
  samples: "samples",
  inputs: "samples",
  features: "samples",
  y: "labels",
  label: "labels",
  labels: "labels",
  target: "labels",
  targets: "labels",
};

/** Names of an array of samples and of the array of their labels. */
export type ArrayPair = readonly [samples: string, labels: string];

/** Names of the arrays of a dataset: samples and labels, or samples alone. */
export type ArrayNames = ArrayPair | readonly [samples: string];

/** Which arrays of an archive to read. */
export interface ArrayChoice {
  /** The part to read; an error if the archive lacks it. */
  readonly part?: Part | undefined;
  /** The arrays to read, by name; one name for samples without labels. */
  readonly arrays?: ArrayNames | undefined;
  /**
   * Use of the samples; chooses the part when neither `part` nor `arrays` is given. Samples of another part are never used for
   * training; for testing they are used if no other array seems to hold samples.
   */
  readonly purpose?: "train" | "test" | undefined;
}

const areNames = isListOf((name) => typeof name === "string");

export const choiceRules: Rules<ArrayChoice> = {
  part: kinds.oneOf("train", "test", "val"),
  arrays: kind("a list of one or two names", (names) => {
    return areNames(names) && [1, 2].includes((names as unknown[]).length);
  }),
  purpose: kinds.oneOf("train", "test"),
};

interface ReadName {
  readonly name: string;
  readonly part: Part | undefined;
  readonly role: "samples" | "labels" | undefined;
  /** Whether any word of the name means samples, even if other words are unknown. */
  readonly hintsSamples: boolean;
}

/** Part and role in an array name such as x_train, test_labels, valImages or y; no role if the name has other words. */
function readName(name: string): ReadName {
  const words = name
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "");
  const parts = words.filter((word) => Object.hasOwn(partWords, word));
  const roles = words.filter((word) => Object.hasOwn(roleWords, word));
  const isRead = roles.length === 1 && parts.length <= 1 && words.length === roles.length + parts.length;
  return {
    name,
    part: parts.length === 1 ? partWords[parts[0]!] : undefined,
    role: isRead ? roleWords[roles[0]!] : undefined,
    hintsSamples: roles.some((word) => roleWords[word] === "samples"),
  };
}

/**
 * Chooses an array of samples and an array of labels of the same part. The only array of an archive is samples without labels.
 *
 * @param names  names of all arrays of the archive.
 * @param isFlat  whether an array has one number per sample: identifies the labels among two arrays whose names have no role.
 * @throws {Error} when there is no such pair, or more than one; the message lists the names and says how to choose.
 */
export function chooseArrays(
  who: string,
  names: readonly string[],
  { part, arrays, purpose }: ArrayChoice,
  isFlat: (name: string) => boolean,
): ArrayNames {
  const listing = names.length === 0 ? "no array" : listed(names);
  const refuse = (expected: string, advice = ""): never => {
    throw new Error(`${who}: expected ${expected}, got ${listing}${advice}`);
  };
  if (arrays) {
    for (const name of arrays) if (!names.includes(name)) refuse(`an array ${inWords(name)}`);
    return arrays;
  }
  if (names.length === 1 && part === undefined && readName(names[0]!).role !== "labels") return [names[0]!];
  const pairs = pairsOf(names, isFlat);
  const choices = pairs.map((pair) => choiceOf(pair, pairs)).join(" or ") || "#SAMPLES,LABELS";
  const choose = `; choose with ${choices} behind the file's name`;
  const only = (candidates: readonly NamedPair[], expected: string): ArrayPair =>
    candidates.length === 1 ? candidates[0]!.arrays : refuse(expected, choose);

  const ofPart = (wanted: Part | undefined) => pairs.filter((pair) => pair.part === wanted);
  if (part) return only(ofPart(part), `one array of samples and one of labels for ${part}`);
  if (pairs.length === 0) {
    refuse("one array of samples (x, images, data) and one of labels (y, labels, targets), or just two arrays", choose);
  }
  if (purpose && ofPart(purpose).length > 0) return only(ofPart(purpose), `one pair of arrays for ${purpose}`);
  if (purpose === "train" && ofPart(undefined).length === 0) return refuse("arrays to train on", choose);
  const found = only(pairs, "arrays of one part");
  // Accuracy on training samples is too high: they are used for testing only if no other array may hold samples.
  if (purpose === "test" && ofPart("train").length > 0 && hasOtherSamples(names, found))
    refuse("arrays to test on", choose);
  return found;
}

/** Whether an array outside the pair has a word for samples in its name. */
const hasOtherSamples = (names: readonly string[], pair: ArrayPair): boolean =>
  names.some((name) => !pair.includes(name) && readName(name).hintsSamples);

interface NamedPair {
  readonly part: Part | undefined;
  readonly arrays: ArrayPair;
}

/** The suffix of a file name that chooses a pair, for messages: `#part` if only one pair has it, else `#samples,labels`. */
function choiceOf({ part, arrays }: NamedPair, pairs: readonly NamedPair[]): string {
  const isAlone = pairs.filter((pair) => pair.part === part).length === 1;
  return `#${part !== undefined && isAlone ? part : arrays.map(shownName).join(",")}`;
}

/** Every array of samples paired with every array of labels of the same part. */
function pairsOf(names: readonly string[], isFlat: (name: string) => boolean): NamedPair[] {
  const read = names.map(readName);
  const samples = read.filter(({ role }) => role === "samples");
  const labels = read.filter(({ role }) => role === "labels");
  const pairs = samples.flatMap(({ name, part }) =>
    labels.filter((label) => label.part === part).map((label) => ({ part, arrays: [name, label.name] as const })),
  );
  if (pairs.length > 0 || names.length !== 2) return pairs;
  // Two arrays belong together unless their names have different parts.
  const parts = new Set(read.flatMap((one) => one.part ?? []));
  const flat = names.filter(isFlat);
  if (parts.size > 1 || flat.length !== 1) return [];
  return [{ part: [...parts][0], arrays: [names.find((name) => name !== flat[0])!, flat[0]!] }];
}

/** Maximum number of names in a message. */
const shownNames = 12;

function listed(names: readonly string[]): string {
  const shown = names.slice(0, shownNames).map((name) => inWords(name));
  return [...shown, ...(names.length > shownNames ? [`${names.length - shownNames} more`] : [])].join(", ");
}
