import { checkOptions, inWords, kinds } from "@neft/options";
import { sizeOf } from "@neft/tensor";
import { bytesOf, shownName } from "./bytes.js";
import type { Dataset, Layout } from "./dataset.js";
import { makeDataset } from "./dataset.js";
import { contentOf, headOf } from "./inflate.js";
import { checkNpyLength, longestHeader, type NpyHeader, npyNumbers, readNpyHeader } from "./npy.js";
import { labelValues, type Numbers, sampleValues } from "./numbers.js";
import { type ArrayChoice, choiceRules, chooseArrays } from "./parts.js";
import { type Member, readZip } from "./zip.js";

/**
 * Reads an array of samples and an array of labels from a numpy archive, or samples without labels if it has no other array. Other arrays
 * aren't decompressed.
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
  const archive = new Archive(who, bytes);
  const isFlat = (array: string): boolean => archive.headerOf(array).shape.length === 1;
  const arrays = chooseArrays(who, archive.names, choice, isFlat);
  const [samples, labels] = arrays;
  const x = archive.headerOf(samples).shape;
  checkSamples(archive.called(samples), x);
  if (labels !== undefined) {
    const y = archive.headerOf(labels).shape;
    // Labels of shape [count, 1] (Keras, MedMNIST) are labels too.
    if (y.length !== 1 && !(y.length === 2 && y[1] === 1)) {
      throw new Error(`${archive.called(labels)}: expected one label for each sample, got shape [${y.join(", ")}]`);
    }
    if (x[0] !== y[0]) {
      throw new Error(
        `${who}: expected one label for each sample, got ${x[0]} samples in ${inWords(samples)} and ${y[0]} labels in ${inWords(labels)}`,
      );
    }
  }
  return {
    ...makeDataset(who, {
      name,
      values: sampleValues(archive.called(samples), archive.numbersOf(samples)),
      labels: labels === undefined ? undefined : labelValues(archive.called(labels), archive.numbersOf(labels)),
      ...sampleForm(x),
    }),
    arrays,
  };
}

/**
 * Reads a numpy array of samples without labels, along its first axis. Values and layout are as in `decodeNpz`.
 *
 * @param name  name of the dataset, and of the file in errors. Default: "npy".
 * @throws {Error} when the file is corrupt or has fewer than two axes.
 */
export function decodeNpy(bytes: Uint8Array, name = "npy"): Dataset {
  kinds.name(name, "decodeNpy: name");
  const who = `decodeNpy: ${inWords(name)}`;
  const file = bytesOf(who, bytes);
  const header = readNpyHeader(who, file.subarray(0, longestHeader));
  checkSamples(who, header.shape);
  checkNpyLength(who, header, file.length);
  const values = sampleValues(who, npyNumbers(header, file));
  return makeDataset(who, { name, values, ...sampleForm(header.shape) });
}

/**
 * Reads all arrays of a numpy archive, each as the samples of the network's input of that name, without labels. Samples are along the first
 * axis, or along axis 1 of an array called state@1, as in the network's input. An array of one sample, or without axes, belongs to all samples of the others.
 * Samples keep their other axes; single numbers have shape [1].
 *
 * @param name  name of the archive in errors; a dataset is called name#array. Default: "npz".
 * @throws {Error} when the archive is corrupt or has no array, or its arrays differ in their number of samples.
 */
export function decodeInputs(bytes: Uint8Array, name = "npz"): Record<string, Dataset> {
  kinds.name(name, "decodeInputs: name");
  const who = `decodeInputs: ${inWords(name)}`;
  const archive = new Archive(who, bytes);
  if (archive.names.length === 0)
    throw new Error(`${who}: expected one array for each input of the network, got no array`);
  const countOf = (array: string): number | undefined => {
    const { shape } = archive.headerOf(array);
    return shape.length === 0 ? 1 : shape[sampleAxis(array)];
  };
  const first = archive.names.find((array) => countOf(array) !== 1) ?? archive.names[0]!;
  const count = countOf(first);
  for (const array of archive.names) {
    if (count !== undefined && (countOf(array) === count || countOf(array) === 1)) continue;
    const axis = sampleAxis(array);
    const along = axis === 0 ? "the first axis" : `axis ${axis}`;
    const many = array === first || count === undefined ? "some" : `${count} as in ${inWords(first)}, or one for all`;
    throw new Error(
      `${archive.called(array)}: expected samples along ${along}, ${many}, got shape [${archive.headerOf(array).shape.join(", ")}]`,
    );
  }
  const datasets = archive.names.map((array) => {
    const axis = sampleAxis(array);
    const whole = archive.headerOf(array).shape;
    const shape = whole.filter((_, i) => i !== axis);
    const values = sampleValues(archive.called(array), archive.numbersOf(array));
    const dataset = makeDataset(archive.called(array), {
      name: `${name}#${array}`,
      values: axisFirst(values, whole, axis),
      shape: shape.length === 0 ? [1] : shape,
    });
    return [array, dataset] as const;
  });
  // fromEntries, because an array may be called "__proto__".
  return Object.fromEntries(datasets);
}

/** The axis with the samples of an array called state@1; 0 without a number. */
const sampleAxis = (array: string): number => Number(/@(\d{1,3})$/.exec(array)?.[1] ?? 0);

/** Values with one of their axes in front. */
function axisFirst<Values extends Uint8Array | Float32Array>(
  values: Values,
  shape: readonly number[],
  axis: number,
): Values {
  if (axis === 0 || shape.length === 0) return values;
  const outer = sizeOf(shape.slice(0, axis));
  const inner = sizeOf(shape.slice(axis + 1));
  const length = shape[axis]!;
  const moved = values.slice() as Values;
  for (let o = 0; o < outer; o++) {
    for (let i = 0; i < length; i++) {
      const from = (o * length + i) * inner;
      moved.set(values.subarray(from, from + inner), (i * outer + o) * inner);
    }
  }
  return moved;
}

/** The arrays of a numpy archive. Each is decompressed when it is read. */
class Archive {
  readonly #who: string;
  readonly #members = new Map<string, Member>();
  readonly #headers = new Map<string, NpyHeader>();

  /** @throws {Error} when the archive is corrupt, or two arrays have one name. */
  constructor(who: string, bytes: Uint8Array) {
    this.#who = who;
    for (const member of readZip(who, bytesOf(who, bytes))) {
      const array = member.name.replace(/\.npy$/, "");
      if (this.#members.has(array))
        throw new Error(`${who}: expected different names, got two arrays ${inWords(array)}`);
      this.#members.set(array, member);
    }
  }

  get names(): string[] {
    return [...this.#members.keys()];
  }

  /** An array in errors. */
  called(array: string): string {
    return `${this.#who}: ${shownName(array)}`;
  }

  headerOf(array: string): NpyHeader {
    const head = () =>
      readNpyHeader(this.called(array), headOf(this.called(array), this.#members.get(array)!, longestHeader));
    const header = this.#headers.get(array) ?? head();
    this.#headers.set(array, header);
    return header;
  }

  /** Reads an array. Its length is checked before it is decompressed. */
  numbersOf(array: string): Numbers {
    const [header, member] = [this.headerOf(array), this.#members.get(array)!];
    checkNpyLength(this.called(array), header, member.size);
    return npyNumbers(header, contentOf(this.called(array), member));
  }
}

/** @throws {Error} for an array without an axis of samples and at least one more. */
function checkSamples(who: string, shape: readonly number[]): void {
  if (shape.length >= 2) return;
  throw new Error(`${who}: expected samples along the first axis of 2 or more, got shape [${shape.join(", ")}]`);
}

/** Shape and layout of the samples in an array of this shape. Samples with two axes are images with one channel. */
function sampleForm([, ...shape]: readonly number[]): { shape: number[]; layout: Layout } {
  const isChannels = (length: number | undefined) => length === 1 || length === 3 || length === 4;
  const layout = shape.length === 3 && isChannels(shape[2]) && !isChannels(shape[0]) ? "NHWC" : "NCHW";
  return { shape: shape.length === 2 ? [1, ...shape] : shape, layout };
}
