import type { Dataset, Layout, Normalisation } from "@neft/data";
import {
  batchTensor,
  checkDataset,
  checkLabels,
  gatherBatch,
  gatherLabels,
  makeDataset,
  makeNormalisation,
  sampleShape,
  shareable,
  split,
  take,
} from "@neft/data";
import { init } from "@neft/kernels";
import { sizeOf } from "@neft/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

/** A dataset whose value at (sample, channel, row, column) is told by its place. */
function images(shape: readonly number[], layout: Layout, { count = 5, bytes = true } = {}): Dataset {
  const size = sizeOf(shape);
  const place = Array.from({ length: count * size }, (_, i) => (i * 37) % 251);
  const values = bytes ? Uint8Array.from(place) : Float32Array.from(place, (value) => value / 7);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  return makeDataset("test", { name: "test", values, labels, shape, layout });
}

/** The definition, entry by entry: x = (value / scale − mean) / std at (sample, channel, row, column), in the layout asked for. */
function naive(
  dataset: Dataset,
  indices: readonly number[],
  { scale, mean, std }: Normalisation,
  layout: Layout,
): number[] {
  const isFirst = dataset.layout === "NCHW";
  const [channels, rows, columns] = isFirst
    ? (dataset.shape as [number, number, number])
    : ([dataset.shape[2], dataset.shape[0], dataset.shape[1]] as [number, number, number]);
  const offset = (order: Layout, c: number, h: number, w: number) =>
    order === "NCHW" ? (c * rows + h) * columns + w : (h * columns + w) * channels + c;
  const size = channels * rows * columns;
  const out = new Array(indices.length * size).fill(0);
  indices.forEach((index, i) => {
    for (let c = 0; c < channels; c++)
      for (let h = 0; h < rows; h++)
        for (let w = 0; w < columns; w++) {
          const value = dataset.values[index * size + offset(dataset.layout, c, h, w)]!;
          const x = (value / scale - mean[mean.length === 1 ? 0 : c]!) / std[std.length === 1 ? 0 : c]!;
          out[i * size + offset(layout, c, h, w)] = Math.fround(x);
        }
  });
  return out;
}

describe("gatherBatch", () => {
  for (const bytes of [true, false]) {
    for (const stored of ["NCHW", "NHWC"] as const) {
      for (const wanted of ["NCHW", "NHWC"] as const) {
        it(`normalises ${bytes ? "bytes" : "floats"} from ${stored} to ${wanted}`, () => {
          const dataset = images(stored === "NCHW" ? [3, 4, 5] : [4, 5, 3], stored, { bytes });
          const normalisation = makeNormalisation(dataset, {
            mean: [0.1, 0.2, 0.3],
            std: [0.5, 0.25, 0.2],
            layout: wanted,
          });
          const shape = wanted === "NCHW" ? [3, 4, 5] : [4, 5, 3];
          const indices = [4, 0, 2, 2];
          const batch = gatherBatch(dataset, indices, normalisation, ["N", ...shape]);
          expect([...batch]).toEqual(naive(dataset, indices, normalisation, wanted));
          const tensor = batchTensor(dataset, indices, normalisation, ["N", ...shape]);
          expect(tensor.shape).toEqual([4, ...shape]);
          expect(tensor.floats()).toEqual(batch);
          tensor.dispose();
          expect(sampleShape(dataset, normalisation, ["N", ...shape])).toEqual(shape);
        });
      }
    }
  }

  it("takes the layout from the input's shape where none is given", () => {
    const dataset = images([3, 4, 5], "NCHW");
    const normalisation = makeNormalisation(dataset);
    expect([...gatherBatch(dataset, [1], normalisation, ["N", 4, 5, 3])]).toEqual(
      naive(dataset, [1], normalisation, "NHWC"),
    );
    expect(sampleShape(dataset, normalisation, ["N", "C", "H", "W"])).toEqual([3, 4, 5]);
  });

  it("takes defaults: scale 255 for bytes, 1 for floats", () => {
    expect(makeNormalisation(images([2], "NCHW"))).toEqual({ scale: 255, mean: [0], std: [1], layout: undefined });
    const floats = images([2], "NCHW", { bytes: false });
    expect(makeNormalisation(floats)).toMatchObject({ scale: 1 });
    expect(gatherBatch(floats, [0, 1, 2, 3, 4], makeNormalisation(floats), ["N", 2])).toEqual(floats.values);
  });

  it.each([
    [[1, 28, 28], ["N", 784], [784]],
    [
      [1, 28, 28],
      ["N", 1, 28, 28],
      [1, 28, 28],
    ],
    [
      [1, 28, 28],
      ["N", 28, 28, 1],
      [28, 28, 1],
    ],
    [
      [1, 28, 28],
      ["N", 28, 28],
      [28, 28],
    ],
    [
      [1, 28, 28],
      ["N", 784, 1],
      [784, 1],
    ],
    [[784], ["N", 1, 28, 28], [1, 28, 28]],
    [[784], ["N", "features"], [784]],
  ])("fits samples %j into an input %j", (shape, input, expected) => {
    const dataset = images(shape, "NCHW", { count: 2 });
    const normalisation = makeNormalisation(dataset);
    expect(sampleShape(dataset, normalisation, input)).toEqual(expected);
    expect([...gatherBatch(dataset, [0, 1], normalisation, input)]).toEqual(
      [...dataset.values].map((v) => Math.fround(v / 255)),
    );
  });

  it("flattens in the layout asked for", () => {
    const dataset = images([3, 4, 5], "NCHW");
    const normalisation = makeNormalisation(dataset, { layout: "NHWC" });
    expect([...gatherBatch(dataset, [3], normalisation, ["N", 60])]).toEqual(
      naive(dataset, [3], normalisation, "NHWC"),
    );
  });

  it("writes into the array given", () => {
    const dataset = images([2], "NCHW");
    const room = new Float32Array(10);
    const view = room.subarray(2, 6);
    expect(gatherBatch(dataset, Uint32Array.of(3, 1), makeNormalisation(dataset, { scale: 1 }), ["N", 2], view)).toBe(
      view,
    );
    expect([...room]).toEqual([
      0,
      0,
      dataset.values[6],
      dataset.values[7],
      dataset.values[2],
      dataset.values[3],
      0,
      0,
      0,
      0,
    ]);
    expect([...gatherLabels(dataset, [3, 1])]).toEqual([0, 1]);
  });

  it("refuses what doesn't fit", () => {
    const dataset = images([1, 28, 28], "NCHW", { count: 2 });
    const normalisation = makeNormalisation(dataset);
    expect(() => gatherBatch(dataset, [0], normalisation, ["N", 1, 32, 32])).toThrow(
      'dataset "test": expected samples that fit the network\'s input [N, 1, 32, 32], got samples of shape [1, 28, 28] (784 values)',
    );
    expect(() => batchTensor(dataset, [0, 2], normalisation, ["N", 784])).toThrow(
      "batchTensor: expected sample indices from 0 to",
    );
    expect(() => gatherBatch(dataset, [2], normalisation, ["N", 784])).toThrow(
      "expected sample indices from 0 to 1, got 2",
    );
    expect(() => gatherBatch(dataset, [-1], normalisation, ["N", 784])).toThrow(RangeError);
    expect(() => gatherBatch(dataset, [0.5], normalisation, ["N", 784])).toThrow(RangeError);
    expect(() => gatherBatch(dataset, [0], normalisation, ["N", 784], new Float32Array(783))).toThrow(
      "expected room for 1 samples of 784 values, got an array of 783",
    );
    const colour = images([3, 8, 8], "NCHW");
    expect(() => sampleShape(colour, makeNormalisation(colour, { layout: "NHWC" }), ["N", 3, 8, 8])).toThrow(
      "NCHW fits",
    );
  });

  it("refuses a normalisation that makes no numbers", () => {
    const dataset = images([3, 2, 2], "NCHW");
    for (const scale of [0, Number.NaN, Infinity])
      expect(() => makeNormalisation(dataset, { scale })).toThrow(RangeError);
    expect(() => makeNormalisation(dataset, { std: [1, 0, 1] })).toThrow("expected finite numbers other than 0, got 0");
    expect(() => makeNormalisation(dataset, { mean: [Number.NaN] })).toThrow("mean: expected a finite number, got NaN");
    expect(() => makeNormalisation(dataset, { mean: [0, 0] })).toThrow(
      "mean: expected 1 value or 3, one for each channel, got 2",
    );
    expect(() => makeNormalisation(images([4], "NCHW"), { std: [1, 1] })).toThrow("std: expected 1 value, got 2");
    expect(() => makeNormalisation(dataset, { mean: [] })).toThrow(RangeError);
  });
});

describe("checkDataset", () => {
  const dataset = images([1, 2, 3], "NCHW");
  const none = { count: 0, values: new Uint8Array(), labels: new Int32Array() };

  it("takes what readers make", () => {
    checkDataset(dataset);
    checkDataset(take(dataset, 2));
  });

  it.each<[string, Partial<Dataset>, string]>([
    ["no sample", none, "expected at least one sample, got none"],
    ["a count of 0", { count: 0 }, "expected one label for each sample, got 0 samples and 5 labels"],
    ["a count that is no number", { count: Number.NaN }, "expected one label for each sample, got NaN samples"],
    ["too few labels", { labels: Int32Array.of(1) }, "expected one label for each sample, got 5 samples and 1 labels"],
    [
      "too few values",
      { values: dataset.values.subarray(1) },
      "expected 30 values for 5 samples of shape [1, 2, 3], got 29",
    ],
    ["empty samples", { shape: [1, 0, 3] }, "expected samples with at least one value, got shape [1, 0, 3]"],
  ])("refuses a dataset made by hand with %s", (_, change, message) => {
    expect(() => checkDataset({ ...dataset, ...change })).toThrow(`dataset "test": ${message}`);
  });
});

describe("checkLabels", () => {
  it("names the first label the network has no output for", () => {
    const dataset = images([2], "NCHW");
    checkLabels(dataset, 3);
    expect(() => checkLabels(dataset, 2)).toThrow(
      'dataset "test": expected labels from 0 to 1 (the network has 2 classes), got 2 for sample 2',
    );
  });
});

describe("take and split", () => {
  it("takes the first samples without copying", () => {
    const dataset = images([3], "NCHW");
    const two = take(dataset, 2);
    expect(two).toMatchObject({ count: 2, classes: 3 });
    expect(two.values).toEqual(dataset.values.subarray(0, 6));
    expect(two.values.buffer).toBe(dataset.values.buffer);
    expect(take(dataset, 9)).toBe(dataset);
    for (const count of [0, -1, 1.5, Number.NaN]) expect(() => take(dataset, count)).toThrow(RangeError);
  });

  it("splits into two parts that share no sample and lose none", () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 2n ** 64n - 1n), fc.integer({ min: 2, max: 40 }), fc.nat(), (key, count, pick) => {
        const dataset = makeDataset("test", {
          name: "test",
          values: Float32Array.from({ length: count }, (_, i) => i),
          labels: new Int32Array(count),
          shape: [1],
        });
        const held = 1 + (pick % (count - 1));
        const { training, validation } = split(dataset, held, key);
        expect(validation.count).toBe(held);
        expect(training.count).toBe(count - held);
        expect([...training.values, ...validation.values].sort((a, b) => a - b)).toEqual([...dataset.values]);
        expect(split(dataset, held, key)).toEqual({ training, validation });
      }),
      { numRuns: 50 },
    );
  });

  it("refuses a validation part that leaves nothing", () => {
    const dataset = images([3], "NCHW");
    for (const count of [0, 5, 6, 1.5])
      expect(() => split(dataset, count, 1n)).toThrow("expected a validation count from 1 to 4");
    expect(() => split(take(dataset, 1), 1, 1n)).toThrow("expected 2 samples or more to hold some out, got 1");
  });
});

describe("shareable", () => {
  it("has the same contents in memory that a clone has in common with it", () => {
    for (const bytes of [true, false]) {
      const data = images([2, 3, 4], "NCHW", { bytes });
      const shared = shareable(data);
      expect(shared).toEqual(data);
      expect(shared.values.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(shareable(shared)).toBe(shared);
      const clone = structuredClone(shared);
      shared.values[5] = 77;
      expect(clone.values[5]).toBe(77);
      expect(data.values[5]).not.toBe(77);
    }
  });
});
