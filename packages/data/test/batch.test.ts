import type { Dataset, Layout, Normalisation } from "@neft/data";
import {
  batchTensor,
  checkDataset,
  checkLabels,
  checkSamples,
  gatherBatch,
  gatherLabels,
  makeDataset,
  makeNormalisation,
  sampleShape,
  snapshot,
  split,
  take,
} from "@neft/data";
import { init } from "@neft/kernels";
import { sizeOf } from "@neft/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { hasSharedMemory, memoryKinds } from "../../tensor/test/bytes.js";

beforeAll(() => init());

/** A dataset whose values follow from their index, so that a value at a wrong position is noticed. */
function images(shape: readonly number[], layout: Layout, { count = 5, bytes = true } = {}): Dataset {
  const size = sizeOf(shape);
  const numbers = Array.from({ length: count * size }, (_, i) => (i * 37) % 251);
  const values = bytes ? Uint8Array.from(numbers) : Float32Array.from(numbers, (value) => value / 7);
  const labels = Int32Array.from({ length: count }, (_, i) => i % 3);
  return makeDataset("test", { name: "test", values, labels, shape, layout });
}

/** The definition, entry by entry: x = (value / scale − mean) / std at (sample, channel, row, column), written in `layout`. */
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

describe("inputs that leave sizes open", () => {
  const image = images([3, 4, 5], "NCHW");
  const plain = makeNormalisation(image);
  it.each<[string, Dataset, (number | string)[], number[] | RegExp]>([
    ["take the sample's", image, ["N", "c", "h", "w"], [3, 4, 5]],
    ["take the sample's next to fixed ones", image, ["N", 3, "h", "w"], [3, 4, 5]],
    ["take channels last where only that fits", image, ["N", "h", "w", 3], [4, 5, 3]],
    ["take all values where there is one axis", image, ["N", "d"], [60]],
    ["leave out axes of size 1", images([1, 4, 5], "NCHW"), ["N", "h", "w"], [4, 5]],
    ["add axes of size 1", makeDataset("t", { ...image, shape: [12, 5] }), ["N", 1, "h", "w"], [1, 12, 5]],
    ["take sequences of length 1", images([1, 1, 6], "NCHW"), ["N", "time", "features"], [1, 6]],
    ["take sequences of length 1 next to fixed ones", images([1, 1, 6], "NCHW"), ["N", "time", 6], [1, 6]],
    ["take sequences of one feature", images([1, 9, 1], "NCHW"), ["N", "time", "features"], [9, 1]],
    ["take a single value", images([1, 1, 1], "NCHW"), ["N", "time", "features"], [1, 1]],
    ["don't take other numbers of axes", image, ["N", "h", "w"], /expected samples that fit the network's input/],
    ["don't rearrange a sample", image, ["N", 3, 2, "w"], /expected samples that fit the network's input/],
  ])("%s", (_, dataset, input, expected) => {
    if (expected instanceof RegExp) expect(() => sampleShape(dataset, plain, input)).toThrow(expected);
    else expect(sampleShape(dataset, plain, input)).toEqual(expected);
  });
});

describe("inputs of integer types", () => {
  it.each(["u8", "i8", "i32", "i64", "bool"] as const)("hold whole numbers of their range, or refuse: %s", (dtype) => {
    const { values, ...rest } = images([1, 2, 3], "NCHW");
    const largest = { u8: 255, i8: 127, i32: 255, i64: 255, bool: 1 }[dtype];
    const dataset = { ...rest, values: values.map((value) => value % (largest + 1)) };
    const as = { ...makeNormalisation(dataset, { scale: 1 }) };
    const batch = batchTensor(dataset, [4, 1], as, ["N", 1, 2, 3], dtype);
    expect(batch.dtype).toBe(dtype);
    expect(batch.numbers()).toEqual([...dataset.values.subarray(24, 30), ...dataset.values.subarray(6, 12)]);
    checkSamples(dataset, as, ["N", 1, 2, 3], dtype);
    const half = { ...as, mean: [0.5] };
    expect(() => checkSamples(dataset, half, ["N", 1, 2, 3], dtype)).toThrow(/expected integers .* in sample 0 after/);
    expect(() => batchTensor(dataset, [3], half, ["N", 1, 2, 3], dtype)).toThrow(
      /expected integers .* in sample 3 after/,
    );
  });
});

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

  it.each([
    ["one axis", ["N", 60]],
    ["open axes", ["N", "a", "b", "c"]],
  ])("keeps the stored layout when the input's shape fits none: %s", (_, input) => {
    for (const layout of ["NCHW", "NHWC"] as const) {
      const dataset = images(layout === "NCHW" ? [3, 4, 5] : [4, 5, 3], layout);
      const normalisation = makeNormalisation(dataset, { mean: [0.1, 0.2, 0.3] });
      expect([...gatherBatch(dataset, [1], normalisation, input)]).toEqual(naive(dataset, [1], normalisation, layout));
    }
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

  it.each([...memoryKinds.map(([, copy]) => copy(new Uint8Array(4))), new Float64Array(4), [0, 0, 0, 0]])(
    "doesn't write into what would round or isn't an array of numbers: %o",
    (out) => {
      const dataset = images([2], "NCHW");
      const gather = () =>
        gatherBatch(dataset, [3, 1], makeNormalisation(dataset), ["N", 2], out as unknown as Float32Array);
      expect(gather).toThrow("gatherBatch: out: expected a Float32Array, got ");
    },
  );

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

  it("reshapes between flat samples and shaped ones, never between two shapes of one size", () => {
    const of = (shape: number[]) =>
      makeDataset("test", { name: "d", values: new Float32Array(64), labels: Int32Array.of(0), shape });
    const fits = (shape: number[], input: number[]) =>
      sampleShape(of(shape), { scale: 1, mean: [0], std: [1] }, ["N", ...input]);
    expect(fits([64], [1, 8, 8])).toEqual([1, 8, 8]);
    expect(fits([1, 8, 8], [64])).toEqual([64]);
    expect(fits([8, 8], [1, 8, 8])).toEqual([1, 8, 8]);
    expect(() => fits([1, 4, 16], [1, 8, 8])).toThrow("expected samples that fit the network's input [N, 1, 8, 8]");
    expect(() => fits([16, 2, 2], [1, 8, 8])).toThrow("expected samples that fit");
  });

  it("refuses a normalisation that makes no numbers", () => {
    const dataset = images([3, 2, 2], "NCHW");
    for (const scale of [0, -1, "1" as never, Number.NaN, Infinity])
      expect(() => makeNormalisation(dataset, { scale })).toThrow(RangeError);
    expect(() => makeNormalisation(dataset, { std: [1, 0, 1] })).toThrow("std: expected finite numbers > 0, got 0");
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

  it.each<[string, { readonly [Name in keyof Dataset]?: unknown }, string]>([
    ["no name", { name: undefined }, "name: expected a name, got undefined"],
    ["values in a list", { values: [1, 2] }, "values: expected a Uint8Array or a Float32Array, got [1, 2]"],
    [
      "values of another width",
      { values: new Float64Array(30), bytes: false },
      "values: expected a Uint8Array or a Float32Array, got Float64Array",
    ],
    [
      "labels in a list",
      { labels: [0, 1, 2, 0, 1] },
      "labels: expected an Int32Array; makeDataset converts a list, got [0, 1, 2, 0, 1]",
    ],
    ["labels that aren't there", { labels: undefined }, "labels: expected an Int32Array"],
    [
      "labels of another type",
      { labels: new Float32Array(5) },
      "labels: expected an Int32Array; makeDataset converts a list, got Float32Array",
    ],
    [
      "a label above its classes",
      { labels: Int32Array.of(0, 1, 3, 0, 0) },
      "expected labels from 0 to 2, got 3 for sample 2",
    ],
    ["a negative label", { labels: Int32Array.of(0, -1, 0, 0, 0) }, "expected labels from 0 to 2, got -1 for sample 1"],
    ["a layout X", { layout: "X" }, 'layout: expected NCHW or NHWC, got "X"'],
    ["no layout", { layout: undefined }, "layout: expected NCHW or NHWC, got undefined"],
    ["a negative shape", { shape: [-1, -2, 3] }, "shape: expected a list of whole numbers ≥ 1, got [-1, -2, 3]"],
    ["a fractional shape", { shape: [1.5, 4] }, "shape: expected a list of whole numbers ≥ 1, got [1.5, 4]"],
    [
      "a shape with a hole",
      { shape: Object.assign(new Array(2), { 1: 6 }) },
      "shape: expected a list of whole numbers ≥ 1",
    ],
    ["a shape of words", { shape: ["1", 6] }, 'shape: expected a list of whole numbers ≥ 1, got ["1", 6]'],
    ["no shape", { shape: undefined }, "shape: expected a list of whole numbers ≥ 1, got undefined"],
    ["a shape without axes", { shape: [] }, "shape: expected a list of whole numbers ≥ 1, got []"],
    ["classes that are no number", { classes: Number.NaN }, "classes: expected a whole number ≥ 1, got NaN"],
    [
      "bytes that are no bytes",
      { bytes: false },
      "bytes: expected true for values in a Uint8Array, else false, got false",
    ],
    ["a word for bytes", { bytes: "yes" }, 'bytes: expected true for values in a Uint8Array, else false, got "yes"'],
    [
      "values that aren't finite",
      { values: new Float32Array(30).fill(1, 0, 13).fill(Number.NaN, 13), bytes: false },
      "expected finite values, got NaN in sample 2",
    ],
    [
      "infinite values",
      { values: new Float32Array(30).fill(-Infinity, 29), bytes: false },
      "expected finite values, got -Infinity in sample 4",
    ],
    ["no sample", none, "expected at least one sample, got none"],
    ["a count of 0", { count: 0 }, "expected one label for each sample, got 0 samples and 5 labels"],
    ["a count that is no number", { count: Number.NaN }, "expected one label for each sample, got NaN samples"],
    ["too few labels", { labels: Int32Array.of(1) }, "expected one label for each sample, got 5 samples and 1 labels"],
    [
      "too few values",
      { values: dataset.values.subarray(1) },
      "expected 30 values for 5 samples of shape [1, 2, 3], got 29",
    ],
    ["empty samples", { shape: [1, 0, 3] }, "shape: expected a list of whole numbers ≥ 1, got [1, 0, 3]"],
  ])("refuses a dataset made by hand with %s", (_, change, message) => {
    const who = "name" in change ? "dataset without a name" : 'dataset "test"';
    const made = { ...dataset, ...change } as Dataset;
    expect(() => checkDataset(made)).toThrow(`${who}: ${message}`);
    // Only checkDataset looks at every label and value.
    if (/expected (labels from|finite)/.test(message)) return;
    const normalisation = { scale: 1, mean: [0], std: [1] };
    for (const use of [
      () => take(made, 1),
      () => split(made, 1, 1n),
      () => makeNormalisation(made),
      () => gatherBatch(made, [0], normalisation, ["N", 1, 2, 3]),
      () => batchTensor(made, [0], normalisation, ["N", 1, 2, 3]),
    ]) {
      expect(use).toThrow(`${who}: ${message}`);
    }
  });

  it.each([undefined, null, 3, "mnist:test"])("refuses %s for a dataset", (made) => {
    const data = made as unknown as Dataset;
    expect(() => checkDataset(data)).toThrow("dataset without a name: expected a dataset, got ");
    expect(() => take(data, 1)).toThrow("dataset without a name: expected a dataset, got ");
  });

  it.each<[string, ArrayLike<unknown>, string]>([
    ["NaN", [0, Number.NaN], "expected labels from 0 to 2147483647, got NaN for sample 1"],
    ["a fraction", [3.5, 0], "got 3.5 for sample 0"],
    ["a hole", new Array(2), "got undefined for sample 0"],
    ["words", ["0", "1"], 'got "0" for sample 0'],
    ["2³²", [0, 2 ** 32], "got 4294967296 for sample 1"],
    ["int64", BigInt64Array.of(0n, 1n), "got 0n for sample 0"],
    ["a negative one", [0, -1], "expected labels from 0 to 0, got -1 for sample 1"],
    ["a float array", Float32Array.of(0, 0.5), "got 0.5 for sample 1"],
  ])("makeDataset refuses labels with %s", (_, labels, message) => {
    const parts = { name: "test", values: new Float32Array(2), shape: [1], labels: labels as ArrayLike<number> };
    expect(() => makeDataset("test", parts)).toThrow(message);
  });

  it("makeDataset takes labels of any list of whole numbers", () => {
    for (const labels of [[0, 2], Uint8Array.of(0, 2), Float64Array.of(0, 2), Int32Array.of(0, 2)]) {
      const data = makeDataset("test", { name: "test", values: new Float32Array(2), shape: [1], labels });
      expect([data.labels, data.classes]).toEqual([Int32Array.of(0, 2), 3]);
    }
  });
});

it("gatherLabels refuses indices of no sample", () => {
  const dataset = images([2], "NCHW");
  for (const index of [5, -1, 0.5, Number.NaN]) {
    expect(() => gatherLabels(dataset, [0, index])).toThrow("gatherLabels: expected sample indices from 0 to 4, got");
  }
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

  it("refuses a key that isn't one", () => {
    const dataset = images([2], "NCHW");
    for (const key of [5, "5", undefined]) {
      expect(() => split(dataset, 2, key as unknown as bigint)).toThrow("split: key: expected a bigint, got ");
    }
  });

  it("refuses a validation part that leaves nothing", () => {
    const dataset = images([3], "NCHW");
    for (const count of [0, 5, 6, 1.5])
      expect(() => split(dataset, count, 1n)).toThrow("expected a validation count from 1 to 4");
    expect(() => split(take(dataset, 1), 1, 1n)).toThrow("expected 2 samples or more to hold some out, got 1");
  });
});

describe("snapshot", () => {
  it("is a copy where there is no shared memory, too", () => {
    vi.stubGlobal("SharedArrayBuffer", undefined);
    try {
      const data = images([2, 3, 4], "NCHW", { bytes: true });
      const copy = snapshot(data);
      expect(copy).toEqual(data);
      const before = copy.values.slice();
      data.values.fill(7);
      expect(copy.values).toEqual(before);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it.runIf(hasSharedMemory)("has the same contents in memory that a clone has in common with it", () => {
    for (const bytes of [true, false]) {
      const data = images([2, 3, 4], "NCHW", { bytes });
      const shared = snapshot(data);
      expect(shared).toEqual(data);
      expect(shared.values.buffer).toBeInstanceOf(SharedArrayBuffer);
      expect(snapshot(shared).values).toBe(shared.values);
      const clone = structuredClone(shared);
      shared.values[5] = 77;
      expect(clone.values[5]).toBe(77);
      expect(data.values[5]).not.toBe(77);
      data.labels.fill(9);
      expect(shared.labels).not.toContain(9);
    }
  });
});
