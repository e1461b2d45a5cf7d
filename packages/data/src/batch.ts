import { has, inWords, kind, kinds, optional } from "@neft/options";
import { type DType, fromBytes, fromWriter, sizeOf, type Tensor, tensor } from "@neft/tensor";
import { tagOf } from "./bytes.js";
import { checkForm, type Dataset, type Layout } from "./dataset.js";
import type { Normalisation } from "./normalisation.js";
import { channelMoments, channelsOf } from "./normalisation.js";

/**
 * The shape one sample takes at a network's input, without the batch axis.
 *
 * @param inputShape  the input as the model states it, batch axis first; symbolic axes ("H") take the sample's own length.
 * @throws {RangeError} when the sample doesn't have the size the input asks for.
 */
export function sampleShape(
  dataset: Dataset,
  normalisation: Normalisation,
  inputShape: readonly (number | string)[],
): number[] {
  return planSample(dataset, normalisation, inputShape).shape;
}

/**
 * Normalised samples, one behind the other in the layout the network reads: [indices.length, ...sampleShape].
 *
 * @param inputShape  as for `sampleShape`.
 * @param out         written when given; its length must be indices.length × the sample's size.
 * @throws {RangeError} when an index is no sample's, `out` has another length, or the sample doesn't fit the input.
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
  optional(kind("a Float32Array", (value) => tagOf(value) === "Float32Array"))(out, "gatherBatch: out");
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
  // Where channel c of pixel p lies in a stored sample and in a written one.
  const stored = dataset.layout === "NCHW" ? { channel: pixels, pixel: 1 } : { channel: 1, pixel: channels };
  const written = transpose
    ? { channel: stored.pixel === 1 ? 1 : pixels, pixel: stored.pixel === 1 ? channels : 1 }
    : stored;
  for (let i = 0; i < indices.length; i++) {
    const index = checkIndex("gatherBatch", dataset, indices[i]!);
    for (let c = 0; c < channels; c++) {
      const from = index * size + c * stored.channel;
      normalise[c]!(dataset.values, from, stored.pixel, batch, i * size + c * written.channel, written.pixel, pixels);
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
 * The same as a tensor in the current scope: bytes go through the kernels where the stored layout is the network's.
 *
 * @param dtype  of the network's input.
 * @throws {RangeError} as `gatherBatch`, and where a value isn't of an integer dtype: it is never rounded.
 */
export function batchTensor(
  dataset: Dataset,
  indices: ArrayLike<number>,
  normalisation: Normalisation,
  inputShape: readonly (number | string)[],
  dtype: DType = "f32",
): Tensor {
  checkForm(dataset);
  const { shape, transpose } = planSample(dataset, normalisation, inputShape);
  const size = sizeOf(dataset.shape);
  const count = indices.length;
  if (dtype !== "f32") {
    const values = gatherBatch(dataset, indices, normalisation, inputShape);
    checkWhole(dataset, values, dtype, (at) => indices[at]!);
    const data = dtype === "i64" ? BigInt64Array.from(values, BigInt) : values;
    return tensor(data, [count, ...shape], dtype);
  }
  const { values } = dataset;
  if (!(values instanceof Uint8Array) || transpose || dataset.layout !== "NCHW") {
    return fromWriter([count, ...shape], (batch) => gatherBatch(dataset, indices, normalisation, inputShape, batch));
  }
  return fromBytes([count, ...shape], byteTables(dataset, normalisation), (bytes) => {
    for (let i = 0; i < count; i++) {
      const from = checkIndex("batchTensor", dataset, indices[i]!) * size;
      bytes.set(values.subarray(from, from + size), i * size);
    }
  });
}

/** What inputs of each integer dtype take. */
const wholeRanges: Readonly<Partial<Record<DType, readonly [least: number, most: number]>>> = {
  bool: [0, 1],
  u8: [0, 255],
  i8: [-128, 127],
  i32: [-(2 ** 31), 2 ** 31 - 1],
  // f32 holds every integer up to there.
  i64: [-(2 ** 24), 2 ** 24],
};

function checkWhole(dataset: Dataset, values: Float32Array, dtype: DType, sampleAt: (at: number) => number): void {
  const range = wholeRanges[dtype];
  if (range === undefined) return;
  const [least, most] = range;
  const at = values.findIndex((value) => !(Number.isInteger(value) && value >= least && value <= most));
  if (at < 0) return;
  const sample = sampleAt(Math.floor(at / sizeOf(dataset.shape)));
  throw new RangeError(
    `dataset ${inWords(dataset.name)}: expected integers from ${least} to ${most} for the network's ${dtype} input, got ${values[at]} in sample ${sample} after normalisation; its inputs are (value / scale − mean) / std, by default the values themselves`,
  );
}

/** Samples checked at a time. */
const samplesAtOnce = 1024;

/**
 * Throws unless all samples fit a network's input, its shape and its dtype.
 * @throws {RangeError} naming the first value that doesn't.
 */
export function checkSamples(
  dataset: Dataset,
  normalisation: Normalisation,
  inputShape: readonly (number | string)[],
  dtype: DType,
): void {
  planSample(dataset, normalisation, inputShape);
  if (wholeRanges[dtype] === undefined) return;
  for (let first = 0; first < dataset.count; first += samplesAtOnce) {
    const indices = Array.from({ length: Math.min(samplesAtOnce, dataset.count - first) }, (_, i) => first + i);
    const values = gatherBatch(dataset, indices, normalisation, inputShape);
    checkWhole(dataset, values, dtype, (at) => indices[at]!);
  }
}

/** The normalised values of the 256 bytes, for each channel. */
function byteTables(dataset: Dataset, normalisation: Normalisation): Float32Array[] {
  const { scale } = normalisation;
  return channelMoments(dataset, normalisation).map(({ mean, std }) =>
    Float32Array.from({ length: 256 }, (_, byte) => (byte / scale - mean) / std),
  );
}

/**
 * The labels of the samples at `indices`.
 * @throws {RangeError} when an index is no sample's.
 */
export function gatherLabels(dataset: Dataset, indices: ArrayLike<number>): Int32Array {
  return Int32Array.from(indices, (index) => dataset.labels[checkIndex("gatherLabels", dataset, index)]!);
}

/** Writes `count` values of `from` (from `at`, every `step`) to `to` (from `toAt`, every `toStep`), normalised. */
type Normalise = (
  from: Uint8Array | Float32Array,
  at: number,
  step: number,
  to: Float32Array,
  toAt: number,
  toStep: number,
  count: number,
) => void;

/** One writer for each channel. Bytes go through a table of their 256 normalised values. */
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

/** A sample's shape at the input, and whether its stored axes must change order for it. */
function planSample(
  dataset: Dataset,
  { layout }: Normalisation,
  inputShape: readonly (number | string)[],
): { shape: number[]; transpose: boolean } {
  const input = inputShape.slice(1);
  const orders = (["NCHW", "NHWC"] as const).map((order) => ({ order, shape: shapeIn(dataset, order) }));
  const fits = orders.filter(({ shape }) => agrees(input, shape)).map(({ order }) => order);
  // Samples keep their order where the input's shape doesn't tell another: flattened, they are read as they are stored.
  const order: Layout = layout ?? (fits.length === 1 ? fits[0]! : dataset.layout);
  const own = orders.find((candidate) => candidate.order === order)!.shape;
  const transpose = dataset.shape.length === 3 && order !== dataset.layout;
  if (agrees(input, own)) return { shape: [...own], transpose };
  if (fits.length > 0) {
    throw new RangeError(
      `dataset ${inWords(dataset.name)}: expected a layout whose samples fit the network's input [${inputShape.join(", ")}], got ${order} (samples [${own.join(", ")}]); ${fits[0]} fits`,
    );
  }
  const sizes = filled(input, own);
  if (sizes !== undefined) return { shape: sizes, transpose };
  throw new RangeError(
    `dataset ${inWords(dataset.name)}: expected samples that fit the network's input [${inputShape.join(", ")}], got samples of shape [${own.join(", ")}] (${sizeOf(own)} values)`,
  );
}

function agrees(input: readonly (number | string)[], shape: readonly number[]): boolean {
  return (
    input.length === shape.length && input.every((length, axis) => typeof length === "string" || length === shape[axis])
  );
}

/**
 * An input's shape with a sample's values in their order: an input of other axes and as many values, one axis that takes them all,
 * or the sample's axes with some of size 1 added or left out. Undefined where it is neither.
 */
function filled(input: readonly (number | string)[], sample: readonly number[]): number[] | undefined {
  const sizes = input.filter((length) => typeof length === "number");
  if (sizes.length === input.length) return sizeOf(sizes) === sizeOf(sample) ? sizes : undefined;
  if (input.length === 1) return [sizeOf(sample)];
  // An open size can be 1 as well: no more axes are left out than there are too many.
  let surplus = sample.length - input.length;
  const shortened = sample.filter((length) => length !== 1 || surplus-- <= 0);
  if (agrees(input, shortened)) return shortened;
  const own = sample.filter((length) => length !== 1);
  const open = input.filter((length) => length !== 1);
  if (!agrees(open, own)) return undefined;
  let at = 0;
  return input.map((length) => (length === 1 ? 1 : own[at++]!));
}

function shapeIn(dataset: Dataset, order: Layout): readonly number[] {
  if (dataset.shape.length !== 3 || order === dataset.layout) return dataset.shape;
  const [a, b, c] = dataset.shape as [number, number, number];
  return order === "NHWC" ? [b, c, a] : [c, a, b];
}
