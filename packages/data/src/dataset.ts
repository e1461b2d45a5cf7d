import { has, inWords, kind, kinds } from "@neft/options";
import { permutation, sizeOf } from "@neft/tensor";
import { tagOf } from "./bytes.js";
import type { ArrayPair } from "./parts.js";

/** Order of the axes of one image: channels first (C, H, W) or last (H, W, C). */
export type Layout = "NCHW" | "NHWC";

/**
 * Labelled samples as plain data: survives structured cloning, so a worker can be given one.
 *
 * `values` holds `count` samples of shape `shape` one behind the other, unnormalised; `labels[i]` in [0, classes) belongs to sample i.
 */
export interface Dataset {
  /** Shown in messages and results. */
  readonly name: string;
  readonly values: Uint8Array | Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
  /** Shape of one sample; three axes are an image. */
  readonly shape: readonly number[];
  /** Axis order of `shape` where it is an image; NCHW otherwise. */
  readonly layout: Layout;
  /** Number of classes: largest label + 1, or what the format says. */
  readonly classes: number;
  /** Whether the values are bytes (0–255), which decides the default scale. */
  readonly bytes: boolean;
  /** Names of the arrays it was read from, where the file holds several. */
  readonly arrays?: ArrayPair | undefined;
}

/** What a reader knows; `makeDataset` checks it and derives the rest. */
export interface DatasetParts {
  readonly name: string;
  readonly values: Uint8Array | Float32Array;
  /** Whole numbers; an Int32Array is taken as it is, others are copied into one. */
  readonly labels: ArrayLike<number>;
  readonly shape: readonly number[];
  readonly layout?: Layout;
  readonly classes?: number;
}

/**
 * Builds a dataset from its parts.
 *
 * @param who  named in errors.
 * @throws {RangeError} as `checkDataset`.
 */
export function makeDataset(who: string, parts: DatasetParts): Dataset {
  kinds.name(who, "makeDataset: who");
  if (!has(parts, "values", "labels", "shape")) {
    throw new RangeError(`${who}: expected parts with name, values, labels and shape, got ${inWords(parts)}`);
  }
  const { name, values, shape, layout = "NCHW" } = parts;
  const labels = labelArray(who, parts.labels);
  const dataset: Dataset = {
    name,
    values,
    labels,
    count: Array.isArray(shape) && has(values, "length") ? values.length / sizeOf(shape) : 0,
    shape: Array.isArray(shape) ? [...shape] : shape,
    layout,
    classes: parts.classes ?? labels.reduce((largest, label) => Math.max(largest, label), 0) + 1,
    bytes: tagOf(values) === "Uint8Array",
  };
  checkDataset(dataset, who);
  return dataset;
}

function labelArray(who: string, labels: unknown): Int32Array {
  if (tagOf(labels) === "Int32Array") return labels as Int32Array;
  if (!Array.isArray(labels) && tagOf(labels) === undefined) {
    throw new RangeError(`${who}: expected labels as a list of whole numbers, got ${inWords(labels)}`);
  }
  const given = labels as ArrayLike<unknown>;
  return Int32Array.from({ length: given.length }, (_, i) => {
    const label = given[i];
    if (Number.isInteger(label) && Math.abs(label as number) <= 0x7fffffff) return label as number;
    throw new RangeError(`${who}: expected labels from 0 to 2147483647, got ${inWords(label)} for sample ${i}`);
  });
}

const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 1;

/** What the members of a dataset have to be. */
const memberRules: {
  readonly [Name in Exclude<keyof Dataset, "arrays">]: readonly [
    expected: string,
    isOne: (value: unknown, dataset: Dataset) => boolean,
  ];
} = {
  name: ["a name", (name) => typeof name === "string" && name !== ""],
  values: [
    "a Uint8Array or a Float32Array",
    (values) => tagOf(values) === "Uint8Array" || tagOf(values) === "Float32Array",
  ],
  labels: ["an Int32Array; makeDataset makes one of a list", (labels) => tagOf(labels) === "Int32Array"],
  count: ["a number", (count) => typeof count === "number"],
  shape: [
    "a list of whole numbers ≥ 1",
    (shape) => Array.isArray(shape) && shape.length > 0 && Array.from(shape).every(isCount),
  ],
  layout: ["NCHW or NHWC", (layout) => layout === "NCHW" || layout === "NHWC"],
  classes: ["a whole number ≥ 1", isCount],
  bytes: [
    "true for values in a Uint8Array, else false",
    (bytes, { values }) => bytes === (tagOf(values) === "Uint8Array"),
  ],
};

const nameOf = (dataset: Dataset): string =>
  `dataset ${has(dataset, "name") && typeof dataset.name === "string" ? inWords(dataset.name) : "without a name"}`;

/**
 * Throws unless a dataset is of the form that everything here relies on, without looking at each value. Readers' and
 * `makeDataset`'s are; one made by hand may not be.
 *
 * @throws {RangeError} saying what differs.
 */
export function checkForm(dataset: Dataset, who = nameOf(dataset)): void {
  if (!has(dataset)) throw new RangeError(`${who}: expected a dataset, got ${inWords(dataset)}`);
  for (const [name, [expected, isOne]] of Object.entries(memberRules)) {
    const value = dataset[name as keyof Dataset];
    if (isOne(value, dataset)) continue;
    const got = tagOf(value) ?? inWords(value);
    throw new RangeError(`${who}: ${name}: expected ${expected}, got ${got}`);
  }
  const { values, labels, count, shape } = dataset;
  if (count !== labels.length) {
    throw new RangeError(
      `${who}: expected one label for each sample, got ${count} samples and ${labels.length} labels`,
    );
  }
  if (count === 0) throw new RangeError(`${who}: expected at least one sample, got none`);
  const size = sizeOf(shape);
  if (values.length !== count * size) {
    throw new RangeError(
      `${who}: expected ${count * size} values for ${count} samples of shape [${shape.join(", ")}], got ${values.length}`,
    );
  }
}

/**
 * Throws unless a dataset can be used: its form is right, its labels are classes of it, and its values are finite.
 *
 * @throws {RangeError} saying what differs, and for which sample.
 */
export function checkDataset(dataset: Dataset, who = nameOf(dataset)): void {
  checkForm(dataset, who);
  const { values, labels, classes, shape } = dataset;
  const at = labels.findIndex((label) => label < 0 || label >= classes);
  if (at >= 0) {
    throw new RangeError(`${who}: expected labels from 0 to ${classes - 1}, got ${labels[at]} for sample ${at}`);
  }
  if (dataset.bytes) return;
  for (let i = 0; i < values.length; i++) {
    if (Number.isFinite(values[i])) continue;
    throw new RangeError(
      `${who}: expected finite values, got ${values[i]} in sample ${Math.floor(i / sizeOf(shape))}; remove or replace it`,
    );
  }
}

/**
 * Throws unless every label is below `classes`, the number of outputs of the network it is meant for.
 *
 * @throws {RangeError} naming the first sample whose label isn't.
 */
export function checkLabels(dataset: Dataset, classes: number, who = `dataset ${inWords(dataset.name)}`): void {
  const at = dataset.labels.findIndex((label) => label < 0 || label >= classes);
  if (at >= 0) {
    throw new RangeError(
      `${who}: expected labels from 0 to ${classes - 1} (the network has ${classes} classes), got ${dataset.labels[at]} for sample ${at}`,
    );
  }
}

/**
 * The first `count` samples (all of them when there are fewer). Shares the values with the original.
 *
 * @throws {RangeError} when `count` isn't a positive integer.
 */
export function take(dataset: Dataset, count: number): Dataset {
  checkForm(dataset);
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(`take: expected a number of samples ≥ 1, got ${inWords(count)}`);
  }
  if (count >= dataset.count) return dataset;
  const values = dataset.values.subarray(0, count * sizeOf(dataset.shape));
  return { ...dataset, values, labels: dataset.labels.subarray(0, count), count };
}

/**
 * Holds `validationCount` samples out, chosen by the permutation of the stream `key`; both parts keep the original order.
 *
 * @throws {RangeError} unless 1 ≤ validationCount < dataset.count.
 */
export function split(
  dataset: Dataset,
  validationCount: number,
  key: bigint,
): { training: Dataset; validation: Dataset } {
  checkForm(dataset);
  kind("a bigint", (value) => typeof value === "bigint")(key, "split: key");
  if (dataset.count < 2) {
    throw new RangeError(
      `split: dataset ${inWords(dataset.name)}: expected 2 samples or more to hold some out, got ${dataset.count}`,
    );
  }
  if (!Number.isInteger(validationCount) || validationCount < 1 || validationCount >= dataset.count) {
    throw new RangeError(
      `split: expected a validation count from 1 to ${dataset.count - 1} (dataset ${inWords(dataset.name)} has ${dataset.count} samples), got ${inWords(validationCount)}`,
    );
  }
  const held = new Uint8Array(dataset.count);
  for (const index of permutation(key, dataset.count).subarray(0, validationCount)) held[index] = 1;
  const indices = Uint32Array.from({ length: dataset.count }, (_, i) => i);
  return {
    training: select(
      dataset,
      indices.filter((i) => held[i] === 0),
    ),
    validation: select(
      dataset,
      indices.filter((i) => held[i] === 1),
    ),
  };
}

/** A dataset of the samples at `indices`, copied. */
function select(dataset: Dataset, indices: Uint32Array): Dataset {
  const size = sizeOf(dataset.shape);
  const values = dataset.bytes ? new Uint8Array(indices.length * size) : new Float32Array(indices.length * size);
  const labels = new Int32Array(indices.length);
  indices.forEach((index, at) => {
    values.set(dataset.values.subarray(index * size, (index + 1) * size), at * size);
    labels[at] = dataset.labels[index]!;
  });
  return { ...dataset, values, labels, count: indices.length };
}

/**
 * A dataset as it is now, for a call that goes on while its owner may change the original: labels and values are copies. The values lie
 * in memory that threads can have in common, where the environment has such (Node; a page that is cross-origin isolated): a message to
 * another thread then carries no copy of them.
 *
 * A copy is made at each call and never kept for the next: whether the values have changed since can be told only by reading them all,
 * and bringing an old copy up to date would change it under a run that still reads it. Values that lie in shared memory aren't copied:
 * whoever puts them there lets others change them.
 */
export function snapshot(dataset: Dataset): Dataset {
  const { values } = dataset;
  const labels = dataset.labels.slice();
  const hasShared = typeof SharedArrayBuffer !== "undefined";
  if (hasShared && values.buffer instanceof SharedArrayBuffer) return { ...dataset, labels };
  const room = hasShared ? new SharedArrayBuffer(values.byteLength) : new ArrayBuffer(values.byteLength);
  const copy = dataset.bytes ? new Uint8Array(room) : new Float32Array(room);
  copy.set(values);
  return { ...dataset, values: copy, labels, shape: [...dataset.shape] };
}
