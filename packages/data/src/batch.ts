import { has, inWords, kind, kinds, optional } from "@neft/options";
import { type DType, fromBytes, fromWriter, sizeOf, type Tensor, tensor } from "@neft/tensor";
import { typedArrayName } from "./bytes.js";
import { checkForm, type Dataset, isLabelled, type Layout } from "./dataset.js";
import type { Normalisation } from "./normalisation.js";
import { channelMoments, channelsOf } from "./normalisation.js";

/**
 * Shape of one sample at a network's input, without the batch axis.
 *
 * @param inputShape  shape of the model's input, batch axis first; a symbolic axis ("H") takes the sample's length.
 * @throws {RangeError} when the sample doesn't fit the input's shape.
 */
export function sampleShape(
  dataset: Dataset,
  normalisation: Normalisation,
  inputShape: readonly (number | string)[],
): number[] {
  return planSample(dataset, normalisation, inputShape).shape;
}

/**
 * Gathers normalised samples into a contiguous batch in the network's layout: [indices.length, ...sampleShape].
 *
 * @param inputShape  as for `sampleShape`.
 * @param out         array to write to, of indices.length × the sample's size. Default: a new array.
 * @throws {RangeError} when an index is out of range, `out` has another length, or the samples don't fit the input.
 */
export function gatherBatch(
  dataset: Dataset,
  indices: ArrayLike<number>,
  normalisation: Normalisation,
  inputShape: readonly (number | string)[],
  out?: Float32Array,
): Float32Array {
  checkForm(dataset);
  kinds.numberList(indices, "gatherBatch: indices");
  kind("one of normalisationOf", (value) => has(value, "scale", "mean", "std"))(
    normalisation,
    "gatherBatch: normalisation",
  );
  kind("the input's shape, batch first", (value) => Array.isArray(value))(inputShape, "gatherBatch: inputShape");
  optional(kind("a Float32Array", (value) => typedArrayName(value) === "Float32Array"))(out, "gatherBatch: out");
  const normalise = normalisers(dataset, normalisation);
  const { transpose } = planSample(dataset, normalisation, inputShape);
  const size = sizeOf(dataset.shape);
  const batch = out ?? new Float32Array(indices.length * size);
  if (batch.length !== indices.length * size) {
    throw new RangeError(
      `gatherBatch: expected room for ${indices.length} samples of ${size} values, got an array of ${batch.length}`,
    );
  }
  const channels = channelsOf(dataset);
  const pixels = size / channels;
  // Strides between channels and between pixels, in a stored sample and in a sample of the batch.
  const stored = dataset.layout === "NCHW" ? { channel: pixels, pixel: 1 } : { channel: 1, pixel: channels };
  const gathered = transpose
    ? { channel: stored.pixel === 1 ? 1 : pixels, pixel: stored.pixel === 1 ? channels : 1 }
    : stored;
  for (let i = 0; i < indices.length; i++) {
    const index = checkIndex("gatherBatch", dataset, indices[i]!);
    for (let c = 0; c < channels; c++) {
      const from = index * size + c * stored.channel;
      normalise[c]!(dataset.values, from, stored.pixel, batch, i * size + c * gathered.channel, gathered.pixel, pixels);
    }
  }
  return batch;
}

function checkIndex(who: string, dataset: Dataset, index: number): number {
  if (!Number.isInteger(index) || index < 0 || index >= dataset.count) {
    throw new RangeError(`${who}: expected sample indices from 0 to ${dataset.count - 1}, got ${inWords(index)}`);
  }
  return index;
}

/**
 * Gathers a batch as `gatherBatch` does, into a tensor of the current scope. The kernels convert bytes whose stored layout is the network's.
 *
 * @param dtype  dtype of the network's input. Default: f32.
 * @param isWhole  Whether a sample fills the whole input, of shape `inputShape`, which has no batch axis; `indices` then has one entry.
 * @throws {RangeError} as `gatherBatch`, and for a value that an integer dtype can't hold: values are never rounded.
 */
export function batchTensor(
  dataset: Dataset,
  indices: ArrayLike<number>,
  normalisation: Normalisation,
  input: readonly (number | string)[],
  dtype: DType = "f32",
  isWhole = false,
): Tensor {
  checkForm(dataset);
  const inputShape = isWhole ? wholeShape(input) : input;
  const { shape: sample, transpose } = planSample(dataset, normalisation, inputShape);
  const shape = isWhole ? sample : [indices.length, ...sample];
  const size = sizeOf(dataset.shape);
  const count = indices.length;
  if (dtype !== "f32") {
    const values = gatherBatch(dataset, indices, normalisation, inputShape);
    checkIntegers(dataset, values, dtype, (at) => indices[at]!);
    const data = dtype === "i64" || dtype === "u64" ? Array.from(values, BigInt) : values;
    return tensor(data, shape, dtype);
  }
  const { values } = dataset;
  if (!(values instanceof Uint8Array) || transpose || dataset.layout !== "NCHW" || isWhole) {
    return fromWriter(shape, (batch) => gatherBatch(dataset, indices, normalisation, inputShape, batch));
  }
  return fromBytes(shape, byteTables(dataset, normalisation), (bytes) => {
    for (let i = 0; i < count; i++) {
      const from = checkIndex("batchTensor", dataset, indices[i]!) * size;
      bytes.set(values.subarray(from, from + size), i * size);
    }
  });
}

/** The shape of an input that a sample fills as a whole, with an axis of samples in front, for `sampleShape` and `checkSamples`. */
export const wholeShape = (inputShape: readonly (number | string)[]): readonly (number | string)[] => [
  "samples",
  ...inputShape,
];

/** Range of the values of each integer dtype. */
const integerRanges: Readonly<Record<DType, readonly [least: number, most: number] | undefined>> = {
  f32: undefined,
  bool: [0, 1],
  u8: [0, 255],
  i8: [-128, 127],
  u16: [0, 2 ** 16 - 1],
  i16: [-(2 ** 15), 2 ** 15 - 1],
  u32: [0, 2 ** 32 - 1],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  // f32 holds every integer of this range.
  i64: [-(2 ** 24), 2 ** 24],
  u64: [0, 2 ** 24],
};

function checkIntegers(dataset: Dataset, values: Float32Array, dtype: DType, sampleAt: (at: number) => number): void {
  const range = integerRanges[dtype];
  if (range === undefined) return;
  const [least, most] = range;
  const at = values.findIndex((value) => !(Number.isInteger(value) && value >= least && value <= most));
  if (at < 0) return;
  const sample = sampleAt(Math.floor(at / sizeOf(dataset.shape)));
  throw new RangeError(
    `dataset ${inWords(dataset.name)}: expected integers from ${least} to ${most} for the network's ${dtype} input, got ${values[at]} in sample ${sample} after normalisation, (value / scale − mean) / std; by default an integer input takes the values unchanged`,
  );
}

/** Samples that `checkSamples` gathers in one batch. */
const samplesPerBatch = 1024;

/**
 * Checks that all samples fit the shape and the dtype of a network's input.
 * @throws {RangeError} naming the shapes that differ, or the first value that doesn't fit.
 */
export function checkSamples(
  dataset: Dataset,
  normalisation: Normalisation,
  inputShape: readonly (number | string)[],
  dtype: DType,
): void {
  planSample(dataset, normalisation, inputShape);
  if (integerRanges[dtype] === undefined) return;
  for (let first = 0; first < dataset.count; first += samplesPerBatch) {
    const indices = Array.from({ length: Math.min(samplesPerBatch, dataset.count - first) }, (_, i) => first + i);
    const values = gatherBatch(dataset, indices, normalisation, inputShape);
    checkIntegers(dataset, values, dtype, (at) => indices[at]!);
  }
}

/** For each channel, the normalised value of every byte: 256 entries. */
function byteTables(dataset: Dataset, normalisation: Normalisation): Float32Array[] {
  const { scale } = normalisation;
  return channelMoments(dataset, normalisation).map(({ mean, std }) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte / scale - mean) / std),
  );
}

/**
 * Labels of the samples at `indices`; an empty array for a dataset without labels.
 * @throws {RangeError} when an index is out of range.
 */
export function gatherLabels(dataset: Dataset, indices: ArrayLike<number>): Int32Array {
  if (!isLabelled(dataset)) return new Int32Array(0);
  return Int32Array.from(indices, (index) => dataset.labels[checkIndex("gatherLabels", dataset, index)]!);
}

/** Normalises `count` values: reads `from` from offset `at` with stride `step`, writes `to` from offset `toAt` with stride `toStep`. */
type Normalise = (
  from: Uint8Array | Float32Array,
  at: number,
  step: number,
  to: Float32Array,
  toAt: number,
  toStep: number,
  count: number,
) => void;

/** A normalising copy for each channel. Bytes are looked up in a table of their 256 normalised values. */
function normalisers(dataset: Dataset, normalisation: Normalisation): Normalise[] {
  const { scale } = normalisation;
  if (!dataset.bytes) {
    return channelMoments(dataset, normalisation).map(({ mean, std }) => (from, at, step, to, toAt, toStep, count) => {
      const end = at + count * step;
      for (let i = at, j = toAt; i < end; i += step, j += toStep) to[j] = (from[i]! / scale - mean) / std;
    });
  }
  return byteTables(dataset, normalisation).map((table): Normalise => {
    return (from, at, step, to, toAt, toStep, count) => {
      const end = at + count * step;
      for (let i = at, j = toAt; i < end; i += step, j += toStep) to[j] = table[from[i]!]!;
    };
  });
}

/**
 * Shape of a sample at the input, and whether its axes have to be transposed from the stored layout.
 * @throws {RangeError} when the samples don't fit the input.
 */
function planSample(
  dataset: Dataset,
  { layout }: Normalisation,
  inputShape: readonly (number | string)[],
): { shape: number[]; transpose: boolean } {
  const input = inputShape.slice(1);
  const orders = (["NCHW", "NHWC"] as const).map((order) => ({ order, shape: shapeIn(dataset, order) }));
  const fits = orders.filter(({ shape }) => matches(input, shape)).map(({ order }) => order);
  // Unless exactly one layout fits the input's shape, samples keep their stored layout, for example when they are flattened.
  const order: Layout = layout ?? (fits.length === 1 ? fits[0]! : dataset.layout);
  const own = orders.find((candidate) => candidate.order === order)!.shape;
  const transpose = dataset.shape.length === 3 && order !== dataset.layout;
  if (matches(input, own)) return { shape: [...own], transpose };
  if (fits.length > 0) {
    throw new RangeError(
      `dataset ${inWords(dataset.name)}: expected a layout whose samples fit the network's input [${inputShape.join(", ")}], got ${order} (samples [${own.join(", ")}]); ${fits[0]} fits`,
    );
  }
  const sizes = resolveShape(input, own);
  if (sizes !== undefined) return { shape: sizes, transpose };
  throw new RangeError(
    `dataset ${inWords(dataset.name)}: expected samples that fit the network's input [${inputShape.join(", ")}], got samples of shape [${own.join(", ")}] (${sizeOf(own)} values)`,
  );
}

/** Whether a shape has the input's rank and every length that the input fixes. */
function matches(input: readonly (number | string)[], shape: readonly number[]): boolean {
  return (
    input.length === shape.length && input.every((length, axis) => typeof length === "string" || length === shape[axis])
  );
}

/**
 * The input's shape for samples of another shape whose values keep their order: a fixed shape of the same size if
 * either of the two is flat, a single axis that takes all values, or the sample's axes with some of length 1 added or removed. Undefined when none of these applies.
 */
function resolveShape(input: readonly (number | string)[], sample: readonly number[]): number[] | undefined {
  const sizes = input.filter((length) => typeof length === "number");
  if (sizes.length === input.length) {
    // Flat samples fill any shape and any sample fills a flat input; two different shapes of one size would scramble the axes.
    const isFlat = (shape: readonly number[]) => shape.filter((length) => length !== 1).length <= 1;
    const isSame = (a: readonly number[], b: readonly number[]) =>
      a.filter((length) => length !== 1).join() === b.filter((length) => length !== 1).join();
    const fills = sizeOf(sizes) === sizeOf(sample) && (isFlat(sizes) || isFlat(sample) || isSame(sizes, sample));
    return fills ? sizes : undefined;
  }
  if (input.length === 1) return [sizeOf(sample)];
  // A symbolic axis can also have length 1: remove only as many axes of length 1 as the sample has more axes than the input.
  let surplus = sample.length - input.length;
  const shortened = sample.filter((length) => length !== 1 || surplus-- <= 0);
  if (matches(input, shortened)) return shortened;
  const own = sample.filter((length) => length !== 1);
  const open = input.filter((length) => length !== 1);
  if (!matches(open, own)) return undefined;
  let at = 0;
  return input.map((length) => (length === 1 ? 1 : own[at++]!));
}

/** A sample's shape in a layout. */
function shapeIn(dataset: Dataset, order: Layout): readonly number[] {
  if (dataset.shape.length !== 3 || order === dataset.layout) return dataset.shape;
  const [a, b, c] = dataset.shape as [number, number, number];
  return order === "NHWC" ? [b, c, a] : [c, a, b];
}
