import { has, inWords, kind, kinds } from "@neft/options";
import { permutation, sizeOf } from "@neft/tensor";
import { typedArrayName } from "./bytes.js";
import type { ArrayNames } from "./parts.js";

/** Order of the axes of one image: channels first (C, H, W) or last (H, W, C). */
export type Layout = "NCHW" | "NHWC";

/**
 * Samples, with or without labels, as plain data, which structured cloning passes to a worker unchanged.
 *
 * `values` holds `count` contiguous samples of shape `shape`, unnormalised; `labels[i]`, in [0, classes), belongs to sample i. A dataset
 * without labels has an empty `labels` and 0 classes.
 */
export interface Dataset {
  /** Name in messages and results. */
  readonly name: string;
  readonly values: Uint8Array | Float32Array;
  readonly labels: Int32Array;
  readonly count: number;
  /** Shape of one sample; three axes are an image. */
  readonly shape: readonly number[];
  /** Axis order of `shape` if samples are images; NCHW otherwise. */
  readonly layout: Layout;
  /** Number of classes: largest label + 1, or the number that the format fixes; 0 without labels. */
  readonly classes: number;
  /** Whether `values` is a Uint8Array; decides the default scale of the normalisation. */
  readonly bytes: boolean;
  /** Names of the arrays that were read, for formats with named arrays. */
  readonly arrays?: ArrayNames | undefined;
}

/** Input of `makeDataset`, which checks it and derives the other members. */
export interface DatasetParts {
  readonly name: string;
  readonly values: Uint8Array | Float32Array;
  /** Integers. An Int32Array is used without a copy; any other list is copied into one. Default: a dataset without labels. */
  readonly labels?: ArrayLike<number> | undefined;
  readonly shape: readonly number[];
  /** Default: NCHW. */
  readonly layout?: Layout;
  /** Default: largest label + 1. */
  readonly classes?: number;
}

/**
 * Builds and checks a dataset.
 *
 * @param who  the caller's name in errors.
 * @throws {RangeError} as `checkDataset`.
 */
export function makeDataset(who: string, parts: DatasetParts): Dataset {
  kinds.name(who, "makeDataset: who");
  if (!has(parts, "values", "shape")) {
    throw new RangeError(`${who}: expected parts with name, values and shape, got ${inWords(parts)}`);
  }
  const { name, values, shape, layout = "NCHW" } = parts;
  const labels = parts.labels === undefined ? new Int32Array(0) : labelArray(who, parts.labels);
  const classesOf = (): number => labels.reduce((largest, label) => Math.max(largest, label), 0) + 1;
  const dataset: Dataset = {
    name,
    values,
    labels,
    count: Array.isArray(shape) && has(values, "length") ? values.length / sizeOf(shape) : 0,
    shape: Array.isArray(shape) ? [...shape] : shape,
    layout,
    classes: parts.classes ?? (parts.labels === undefined ? 0 : classesOf()),
    bytes: typedArrayName(values) === "Uint8Array",
  };
  checkDataset(dataset, who);
  return dataset;
}

/**
 * Labels as an Int32Array, which is returned without a copy; other lists are converted.
 * @throws {RangeError} for anything but a list of integers of 32 bits.
 */
function labelArray(who: string, labels: unknown): Int32Array {
  if (typedArrayName(labels) === "Int32Array") return labels as Int32Array;
  if (!Array.isArray(labels) && typedArrayName(labels) === undefined) {
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

/** For each member of a dataset, a description of valid values and their check. */
const memberRules: {
  readonly [Name in Exclude<keyof Dataset, "arrays">]: readonly [
    expected: string,
    isValid: (value: unknown, dataset: Dataset) => boolean,
  ];
} = {
  name: ["a name", (name) => typeof name === "string" && name !== ""],
  values: [
    "a Uint8Array or a Float32Array",
    (values) => typedArrayName(values) === "Uint8Array" || typedArrayName(values) === "Float32Array",
  ],
  labels: ["an Int32Array; makeDataset converts a list", (labels) => typedArrayName(labels) === "Int32Array"],
  count: ["a number", (count) => typeof count === "number"],
  shape: [
    "a list of whole numbers ≥ 1",
    (shape) => Array.isArray(shape) && shape.length > 0 && Array.from(shape).every(isCount),
  ],
  layout: ["NCHW or NHWC", (layout) => layout === "NCHW" || layout === "NHWC"],
  classes: ["a whole number ≥ 1", (classes, { labels }) => isCount(classes) || (classes === 0 && labels.length === 0)],
  bytes: [
    "true for values in a Uint8Array, else false",
    (bytes, { values }) => bytes === (typedArrayName(values) === "Uint8Array"),
  ],
};

const nameOf = (dataset: Dataset): string =>
  `dataset ${has(dataset, "name") && typeof dataset.name === "string" ? inWords(dataset.name) : "without a name"}`;

/** Whether a dataset has labels. */
export const isLabelled = ({ classes }: Dataset): boolean => classes > 0;

/**
 * Checks that a dataset has labels.
 * @param advice  What else to do, for the error.
 * @throws {RangeError} for one without.
 */
export function checkLabelled(dataset: Dataset, advice: string): void {
  if (isLabelled(dataset)) return;
  throw new RangeError(`${nameOf(dataset)}: expected a label for each sample, got samples without labels; ${advice}`);
}

/**
 * Checks a dataset's members and their lengths, but not each value and label. Datasets of readers and of `makeDataset` pass;
 * one written by hand may not.
 *
 * @throws {RangeError} naming the member that is wrong.
 */
export function checkForm(dataset: Dataset, who = nameOf(dataset)): void {
  if (!has(dataset)) throw new RangeError(`${who}: expected a dataset, got ${inWords(dataset)}`);
  for (const [name, [expected, isValid]] of Object.entries(memberRules)) {
    const value = dataset[name as keyof Dataset];
    if (isValid(value, dataset)) continue;
    const got = typedArrayName(value) ?? inWords(value);
    throw new RangeError(`${who}: ${name}: expected ${expected}, got ${got}`);
  }
  const { values, labels, count, shape } = dataset;
  if (count !== labels.length && isLabelled(dataset)) {
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
 * Checks a whole dataset: as `checkForm`, and that every label is in [0, classes) and every value is finite.
 *
 * @throws {RangeError} naming what is wrong, and the sample.
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
 * Checks every label against a network's number of classes.
 *
 * @throws {RangeError} naming the first sample whose label isn't in [0, classes).
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
 * The first `count` samples, or all when there are fewer. Shares values and labels with the original.
 *
 * @throws {RangeError} when `count` isn't an integer ≥ 1.
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
 * Splits a dataset into training and validation samples. The first `validationCount` entries of the stream's permutation choose the
 * validation samples; both parts are copies and keep the original order.
 *
 * @param key  key of the stream, from `stream()`.
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
  const isHeldOut = new Uint8Array(dataset.count);
  for (const index of permutation(key, dataset.count).subarray(0, validationCount)) isHeldOut[index] = 1;
  const indices = Uint32Array.from({ length: dataset.count }, (_, i) => i);
  return {
    training: select(
      dataset,
      indices.filter((i) => isHeldOut[i] === 0),
    ),
    validation: select(
      dataset,
      indices.filter((i) => isHeldOut[i] === 1),
    ),
  };
}

/** Copies the samples at `indices` into a new dataset. */
function select(dataset: Dataset, indices: Uint32Array): Dataset {
  const size = sizeOf(dataset.shape);
  const values = dataset.bytes ? new Uint8Array(indices.length * size) : new Float32Array(indices.length * size);
  const labels = new Int32Array(isLabelled(dataset) ? indices.length : 0);
  indices.forEach((index, at) => {
    values.set(dataset.values.subarray(index * size, (index + 1) * size), at * size);
    if (isLabelled(dataset)) labels[at] = dataset.labels[index]!;
  });
  return { ...dataset, values, labels, count: indices.length };
}

/**
 * Copies a dataset for an asynchronous call, during which the caller may change the original. The copied values are in a
 * SharedArrayBuffer where the environment has one (Node, cross-origin isolated pages), so that messages to workers don't copy them
 * again. Values that are already in shared memory aren't copied: sharing them permits changes by others.
 *
 * Every call makes a new copy. Caching would need a full comparison to detect changes, and an update would change a copy in use.
 */
export function snapshot(dataset: Dataset): Dataset {
  const { values } = dataset;
  const labels = dataset.labels.slice();
  const hasShared = typeof SharedArrayBuffer !== "undefined";
  if (hasShared && values.buffer instanceof SharedArrayBuffer) return { ...dataset, labels };
  const buffer = hasShared ? new SharedArrayBuffer(values.byteLength) : new ArrayBuffer(values.byteLength);
  const copy = dataset.bytes ? new Uint8Array(buffer) : new Float32Array(buffer);
  copy.set(values);
  return { ...dataset, values: copy, labels, shape: [...dataset.shape] };
}
