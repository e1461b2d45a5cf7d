import { checkOptions, inWords, kinds } from "@neft/options";
import { bytesOf, shownName } from "./bytes.js";
import type { Dataset, Layout } from "./dataset.js";
import { makeDataset } from "./dataset.js";
import { contentOf, headOf } from "./inflate.js";
import { checkNpyLength, longestHeader, type NpyHeader, npyNumbers, readNpyHeader } from "./npy.js";
import { labelValues, type Numbers, sampleValues } from "./numbers.js";
import { type ArrayChoice, choiceRules, chooseArrays } from "./parts.js";
import { type Member, readZip } from "./zip.js";

/**
 * Reads an array of samples and an array of labels from a numpy archive. Other arrays aren't decompressed.
 *
 * Arrays are found by name: x, images, data, … and y, labels, targets, …, alone or with a part, as in x_train, test_labels or
 * val_images; both have the same part. If no names match and the archive has two arrays, the one with a single axis is the labels.
 * Samples of u8 stay bytes; other numbers become f32, truth values 0 and 1. Labels are integers of any width.
 * A sample with three axes is channels last if its last axis has length 1, 3 or 4 and its first has not.
 *
 * @param name  name of the dataset, and of the archive in errors. Default: "npz".
 * @param choice  arrays to read when the archive has several pairs.
 * @throws {Error} when the archive is corrupt, when no pair of arrays or more than one fits (the message lists the arrays), or when
 *   a label isn't an integer ≥ 0.
 */
export function decodeNpz(bytes: Uint8Array, name = "npz", choice: ArrayChoice = {}): Dataset {
  kinds.name(name, "decodeNpz: name");
  const who = `decodeNpz: ${inWords(name)}`;
  checkOptions(who, choice, choiceRules);
  const members = new Map<string, Member>();
  for (const member of readZip(who, bytesOf(who, bytes))) {
    const array = member.name.replace(/\.npy$/, "");
    if (members.has(array)) throw new Error(`${who}: expected different names, got two arrays ${inWords(array)}`);
    members.set(array, member);
  }
  const called = (array: string): string => `${who}: ${shownName(array)}`;
  const headers = new Map<string, NpyHeader>();
  const headerOf = (array: string): NpyHeader => {
    const member = members.get(array)!;
    const head = () => readNpyHeader(called(array), headOf(called(array), member, longestHeader));
    const header = headers.get(array) ?? head();
    headers.set(array, header);
    return header;
  };
  const isFlat = (array: string): boolean => headerOf(array).shape.length === 1;
  const arrays = chooseArrays(who, [...members.keys()], choice, isFlat);
  const [samples, labels] = arrays;
  const [x, y] = [headerOf(samples).shape, headerOf(labels).shape];
  if (x.length < 2) {
    throw new Error(
      `${called(samples)}: expected samples along the first axis of 2 or more, got shape [${x.join(", ")}]`,
    );
  }
  // Labels of shape [count, 1] (Keras, MedMNIST) are labels too.
  if (y.length !== 1 && !(y.length === 2 && y[1] === 1)) {
    throw new Error(`${called(labels)}: expected one label for each sample, got shape [${y.join(", ")}]`);
  }
  if (x[0] !== y[0]) {
    throw new Error(
      `${who}: expected one label for each sample, got ${x[0]} samples in ${inWords(samples)} and ${y[0]} labels in ${inWords(labels)}`,
    );
  }
  // The length is checked before the data is decompressed.
  const numbersOf = (array: string): Numbers => {
    const [header, member] = [headerOf(array), members.get(array)!];
    checkNpyLength(called(array), header, member.size);
    return npyNumbers(header, contentOf(called(array), member));
  };
  const shape = x.slice(1);
  return {
    ...makeDataset(who, {
      name,
      values: sampleValues(called(samples), numbersOf(samples)),
      labels: labelValues(called(labels), numbersOf(labels)),
      shape: shape.length === 2 ? [1, ...shape] : shape,
      layout: imageLayout(shape),
    }),
    arrays,
  };
}

/** Layout of samples of this shape, from their numbers of channels. */
function imageLayout(shape: readonly number[]): Layout {
  const isChannels = (length: number | undefined) => length === 1 || length === 3 || length === 4;
  return shape.length === 3 && isChannels(shape[2]) && !isChannels(shape[0]) ? "NHWC" : "NCHW";
}
