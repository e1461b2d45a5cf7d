import { inWords } from "@neft/options";
import { permutation, sizeOf } from "@neft/tensor";

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
}

/** What a reader knows; `makeDataset` checks it and derives the rest. */
export interface DatasetParts {
  readonly name: string;
  readonly values: Uint8Array | Float32Array;
  readonly labels: Int32Array;
  readonly shape: readonly number[];
  readonly layout?: Layout;
  readonly classes?: number;
}

/**
 * Builds a dataset from its parts.
 *
 * @param who  named in errors.
 * @throws {Error} when there is no sample, a sample is empty, values or labels don't fit the counts, or a label is negative
 *   or not below `classes`.
 */
export function makeDataset(who: string, parts: DatasetParts): Dataset {
  const { name, values, labels, shape, layout = "NCHW" } = parts;
  const dataset: Dataset = {
    name,
    values,
    labels,
    count: values.length / sizeOf(shape),
    shape: [...shape],
    layout,
    classes: parts.classes ?? largestLabel(who, labels) + 1,
    bytes: values instanceof Uint8Array,
  };
  checkDataset(dataset, who);
  checkLabels(dataset, dataset.classes, who);
  return dataset;
}

function largestLabel(who: string, labels: Int32Array): number {
  let largest = 0;
  for (const [i, label] of labels.entries()) {
    if (label < 0) throw new Error(`${who}: expected labels ≥ 0, got ${label} for sample ${i}`);
    if (label > largest) largest = label;
  }
  return largest;
}

/**
 * Throws unless a dataset has samples, and as many values and labels as it says. Readers' have; one made by hand may not.
 *
 * @throws {RangeError} saying what differs.
 */
export function checkDataset(dataset: Dataset, who = `dataset "${dataset.name}"`): void {
  const { values, labels, count, shape } = dataset;
  const size = sizeOf(shape);
  if (size === 0) {
    throw new RangeError(`${who}: expected samples with at least one value, got shape [${shape.join(", ")}]`);
  }
  if (count !== labels.length) {
    throw new RangeError(
      `${who}: expected one label for each sample, got ${count} samples and ${labels.length} labels`,
    );
  }
  if (count === 0) throw new RangeError(`${who}: expected at least one sample, got none`);
  if (values.length !== count * size) {
    throw new RangeError(
      `${who}: expected ${count * size} values for ${count} samples of shape [${shape.join(", ")}], got ${values.length}`,
    );
  }
}

/**
 * Throws unless every label is below `classes`, the number of outputs of the network it is meant for.
 *
 * @throws {RangeError} naming the first sample whose label isn't.
 */
export function checkLabels(dataset: Dataset, classes: number, who = `dataset "${dataset.name}"`): void {
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
  if (dataset.count < 2) {
    throw new RangeError(
      `split: dataset "${dataset.name}": expected 2 samples or more to hold some out, got ${dataset.count}`,
    );
  }
  if (!Number.isInteger(validationCount) || validationCount < 1 || validationCount >= dataset.count) {
    throw new RangeError(
      `split: expected a validation count from 1 to ${dataset.count - 1} (dataset "${dataset.name}" has ${dataset.count} samples), got ${inWords(validationCount)}`,
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
  const copy = values instanceof Uint8Array ? new Uint8Array(room) : new Float32Array(room);
  copy.set(values);
  return { ...dataset, values: copy, labels, shape: [...dataset.shape] };
}
