import type { Dataset, Layout } from "./dataset.js";
import { makeDataset } from "./dataset.js";
import type { NpyArray } from "./npy.js";
import { decodeNpy } from "./npy.js";
import { unzip } from "./zip.js";

const imageNames = ["x", "images", "data", "x_test", "x_train"];
const labelNames = ["y", "labels", "label", "targets", "y_test", "y_train"];

/**
 * Reads a numpy archive with one array of samples and one of labels.
 *
 * They are found by name (x, images or data; y, labels or targets); else, when the archive has just two arrays, the one with a
 * single axis is the labels. Samples are u8 (bytes) or any other number (kept as f32); labels are integers of any width.
 * A sample with three axes is taken as channels last when its last axis has 1, 3 or 4 entries and its first has not.
 *
 * @param name  the dataset's; errors call the archive that too.
 * @throws {Error} when the archive is corrupt, when the two arrays can't be told (listing what is there), or a label isn't an integer ≥ 0.
 */
export function decodeNpz(bytes: Uint8Array, name = "npz"): Dataset {
  const who = `decodeNpz: "${name}"`;
  const files = unzip(who, bytes);
  const packed = new Map([...files].map(([file, content]) => [file.replace(/\.npy$/, ""), content]));
  const decoded = new Map<string, NpyArray>();
  const decode = (array: string): NpyArray => {
    const values = decoded.get(array) ?? decodeNpy(`${who}: ${array}`, packed.get(array)!);
    decoded.set(array, values);
    return values;
  };
  const [images, labels] = chooseArrays(who, [...packed.keys()], decode);
  const x = decode(images);
  const y = decode(labels);
  const samples = `${who}: ${images}`;
  if (x.shape.length < 2) {
    throw new Error(
      `${samples}: expected samples along the first axis of 2 or more, got shape [${x.shape.join(", ")}]`,
    );
  }
  // Labels of shape [count, 1] (Keras) are labels too.
  if (y.shape.length !== 1 && !(y.shape.length === 2 && y.shape[1] === 1)) {
    throw new Error(`${who}: ${labels}: expected one label for each sample, got shape [${y.shape.join(", ")}]`);
  }
  if (x.shape[0] !== y.shape[0]) {
    throw new Error(
      `${who}: expected one label for each sample, got ${x.shape[0]} samples in "${images}" and ${y.shape[0]} labels in "${labels}"`,
    );
  }
  const shape = x.shape.slice(1);
  return makeDataset(who, {
    name,
    values: sampleValues(samples, x.values),
    labels: labelValues(`${who}: ${labels}`, y.values),
    shape: shape.length === 2 ? [1, ...shape] : shape,
    layout: imageLayout(shape),
  });
}

function chooseArrays(
  who: string,
  names: readonly string[],
  decode: (name: string) => NpyArray,
): [images: string, labels: string] {
  const find = (wanted: readonly string[]) => wanted.find((name) => names.includes(name));
  const images = find(imageNames);
  const labels = find(labelNames);
  if (images !== undefined && labels !== undefined) return [images, labels];
  if (names.length === 2) {
    const flat = names.filter((name) => decode(name).shape.length === 1);
    if (flat.length === 1) return [names.find((name) => name !== flat[0])!, flat[0]!];
  }
  const found = names.length === 0 ? "no array" : names.map((name) => `"${name}"`).join(", ");
  throw new Error(
    `${who}: expected arrays named ${imageNames.slice(0, 3).join(", ")} and ${labelNames.slice(0, 2).join(", ")}, or just two of them, got ${found}`,
  );
}

function imageLayout(shape: readonly number[]): Layout {
  const isChannels = (length: number | undefined) => length === 1 || length === 3 || length === 4;
  return shape.length === 3 && isChannels(shape[2]) && !isChannels(shape[0]) ? "NHWC" : "NCHW";
}

function sampleValues(who: string, values: NpyArray["values"]): Uint8Array | Float32Array {
  if (values instanceof Uint8Array || values instanceof Float32Array) return values;
  if (values instanceof Float64Array) return Float32Array.from(values);
  throw new Error(`${who}: expected u8, f32 or f64 samples, got 64-bit integers; convert them with .astype("float32")`);
}

function labelValues(who: string, values: NpyArray["values"]): Int32Array {
  return Int32Array.from({ length: values.length }, (_, i) => {
    const label = Number(values[i]);
    if (!Number.isInteger(label) || label < 0 || label > 0x7fffffff) {
      throw new Error(`${who}: expected integers from 0 to 2147483647, got ${values[i]} for sample ${i}`);
    }
    return label;
  });
}
