import {
  batchTensor,
  checkDataset,
  checkLabelled,
  decodeIdx,
  decodeInputs,
  decodeNpy,
  decodeNpz,
  gatherLabels,
  isLabelled,
  makeDataset,
  makeNormalisation,
  snapshot,
  split,
  take,
} from "@neft/data";
import { init } from "@neft/kernels";
import { stream } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { idx, npy, npz } from "./formats.js";

beforeAll(() => init());

const none = new Int32Array(0);
const bare = () =>
  makeDataset("test", { name: "bare", values: Float32Array.from({ length: 12 }, (_, i) => i), shape: [3] });

describe("a dataset without labels", () => {
  it("has no classes, and passes every check but that for labels", () => {
    const data = bare();
    expect(data).toMatchObject({ count: 4, classes: 0, labels: none });
    expect(isLabelled(data)).toBe(false);
    expect(() => checkDataset(data)).not.toThrow();
    expect(() => checkLabelled(data, "label them")).toThrow(
      'dataset "bare": expected a label for each sample, got samples without labels; label them',
    );
    // Labels that were lost are no dataset without labels.
    expect(() => checkDataset({ ...data, classes: 2 })).toThrow(
      "expected one label for each sample, got 4 samples and 0",
    );
    expect(() => makeDataset("test", { ...data, labels: [], classes: undefined as never })).toThrow(
      "expected one label for each sample, got 4 samples and 0 labels",
    );
    expect(() => checkDataset({ ...data, labels: new Int32Array(4) })).toThrow("classes: expected a whole number ≥ 1");
  });

  it("stays without labels when it is cut, divided and copied", () => {
    const { training, validation } = split(bare(), 1, stream(1, { purpose: "test" }));
    for (const [data, count] of [
      [take(bare(), 2), 2],
      [training, 3],
      [validation, 1],
      [snapshot(bare()), 4],
    ] as const) {
      expect(data).toMatchObject({ count, classes: 0, labels: none });
      expect(() => checkDataset(data)).not.toThrow();
      expect(gatherLabels(data, [0])).toEqual(none);
    }
  });

  it("fills a whole input with a sample", () => {
    const data = makeDataset("test", {
      name: "x",
      values: Uint8Array.from({ length: 16 }, (_, i) => i),
      shape: [2, 2, 2],
    });
    const tensor = batchTensor(data, [1], makeNormalisation(data, { scale: 1, mean: [0, 8] }), [2, 2, 2], "f32", true);
    expect(tensor.shape).toEqual([2, 2, 2]);
    expect([...tensor.floats()]).toEqual([8, 9, 10, 11, 4, 5, 6, 7]);
    tensor.dispose();
    const rates = makeDataset("test", { name: "rate", values: Float32Array.of(8000, 16000), shape: [1] });
    const negative = makeDataset("test", { name: "rate", values: Float32Array.of(-1), shape: [1] });
    for (const dtype of ["u16", "u32", "u64"] as const) {
      const whole = batchTensor(rates, [0], makeNormalisation(rates), [], dtype, true);
      expect(Number(whole.values()[0]), dtype).toBe(8000);
      whole.dispose();
      const wrong = () => batchTensor(negative, [0], makeNormalisation(negative), [], dtype, true);
      expect(wrong, dtype).toThrow(`expected integers from 0 to `);
    }
    const rate = batchTensor(rates, [1], makeNormalisation(rates), [], "i64", true);
    expect([rate.shape, rate.values()]).toEqual([[], BigInt64Array.of(16000n)]);
    rate.dispose();
  });
});

describe("readers without labels", () => {
  const x = npy("<f4", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
  const image = npy("|u1", [2, 5, 5, 3], new Uint8Array(150));
  const ids = npy("<i8", [2], BigInt64Array.of(3n, 1n));

  it("read IDX, npy, and one array of an archive", () => {
    expect(decodeIdx(idx([2, 1, 2], [1, 2, 3, 4]), undefined)).toMatchObject({
      count: 2,
      shape: [1, 1, 2],
      classes: 0,
    });
    expect(decodeNpy(x, "x.npy")).toMatchObject({ name: "x.npy", count: 2, shape: [3], classes: 0 });
    expect(decodeNpy(image)).toMatchObject({ shape: [5, 5, 3], layout: "NHWC", bytes: true });
    for (const data of [decodeNpz(npz({ anything: x })), decodeNpz(npz({ x, y: ids }), "a", { arrays: ["x"] })]) {
      expect(data).toMatchObject({ count: 2, shape: [3], classes: 0, arrays: [expect.any(String)] });
    }
    expect(decodeNpz(npz({ x, y: ids })).classes).toBe(4);
  });

  it("read an array for each input, axes unchanged", () => {
    const { x: first, image: second, ids: third } = decodeInputs(npz({ x, image, ids }), "in.npz");
    expect(first).toMatchObject({ name: "in.npz#x", count: 2, shape: [3], layout: "NCHW", classes: 0 });
    expect(second).toMatchObject({ count: 2, shape: [5, 5, 3], layout: "NCHW", bytes: true });
    expect(third).toMatchObject({ count: 2, shape: [1], values: Float32Array.of(3, 1) });
  });

  it("are along the axis that an array's name ends with", () => {
    const state = npy(
      "<f4",
      [2, 3, 2],
      Float32Array.from({ length: 12 }, (_, i) => i),
    );
    const bytes = npy("|u1", [3, 2], Uint8Array.of(1, 2, 3, 4, 5, 6));
    const archive = npz({
      x: npy("<f4", [3, 1], new Float32Array(3)),
      "state@1": state,
      "a@0@0": npy("<f4", [3], new Float32Array(3)),
      "ids@0": bytes,
    });
    const read = decodeInputs(archive);
    expect(Object.keys(read)).toEqual(["x", "state@1", "a@0@0", "ids@0"]);
    expect(read["state@1"]).toMatchObject({ count: 3, shape: [2, 2], name: "npz#state@1" });
    expect(read["state@1"]!.values).toEqual(Float32Array.of(0, 1, 6, 7, 2, 3, 8, 9, 4, 5, 10, 11));
    expect(read["ids@0"]!.values).toEqual(Uint8Array.of(1, 2, 3, 4, 5, 6));
    expect(read["a@0@0"]).toMatchObject({ count: 3, shape: [1] });
    const last = decodeInputs(npz({ "t@2": npy("<f4", [1, 2, 3], Float32Array.of(0, 1, 2, 3, 4, 5)) }));
    expect(last["t@2"]).toMatchObject({ count: 3, shape: [1, 2], values: Float32Array.of(0, 3, 1, 4, 2, 5) });
  });

  it("may be one for all samples of the others, also an array without axes", () => {
    const rate = npy("<i8", [], BigInt64Array.of(16_000n));
    const one = npy("<f4", [1, 2], Float32Array.of(7, 8));
    const read = decodeInputs(npz({ rate, one, x, "state@1": npy("<f4", [2, 1], Float32Array.of(5, 6)) }));
    expect(read.rate).toMatchObject({ count: 1, shape: [1], values: Float32Array.of(16_000) });
    expect(read.one).toMatchObject({ count: 1, shape: [2], values: Float32Array.of(7, 8) });
    expect(read["state@1"]).toMatchObject({ count: 1, shape: [2], values: Float32Array.of(5, 6) });
    expect(read.x).toMatchObject({ count: 2 });
  });

  it.each<[string, () => unknown, string]>([
    ["labels alone", () => decodeNpz(npz({ labels: ids })), "expected one array of samples"],
    ["a part of one array", () => decodeNpz(npz({ x }), "a", { part: "train" }), "one of labels for train"],
    ["another array", () => decodeNpz(npz({ x }), "a", { arrays: ["z"] }), 'expected an array "z", got "x"'],
    ["an array of one axis", () => decodeNpy(ids), "expected samples along the first axis of 2 or more, got shape [2]"],
    ["an array cut off", () => decodeNpy(x.subarray(0, -1)), "expected 24 bytes for shape [2, 3] of <f4, got 23"],
    ["something else", () => decodeNpy(new Uint8Array(20)), 'decodeNpy: "npy": expected a numpy array'],
    ["an empty archive", () => decodeInputs(npz({})), "expected one array for each input of the network, got no array"],
    [
      "other numbers of samples",
      () => decodeInputs(npz({ x, z: npy("<f4", [3], new Float32Array(3)) })),
      'z: expected samples along the first axis, 2 as in "x", or one for all, got shape [3]',
    ],
    [
      "other numbers of samples along another axis",
      () => decodeInputs(npz({ x, "z@1": npy("<f4", [2, 3], new Float32Array(6)) })),
      'z@1": expected samples along axis 1, 2 as in "x", or one for all, got shape [2, 3]',
    ],
    [
      "an axis that an array lacks",
      () => decodeInputs(npz({ x, "z@2": npy("<f4", [2, 3], new Float32Array(6)) })),
      'z@2": expected samples along axis 2, 2 as in "x", or one for all, got shape [2, 3]',
    ],
    [
      "an axis that the only array lacks",
      () => decodeInputs(npz({ "z@2": npy("<f4", [2, 3], new Float32Array(6)) })),
      'z@2": expected samples along axis 2, some, got shape [2, 3]',
    ],
    [
      "no samples",
      () => decodeInputs(npz({ x: npy("<f4", [0, 2], new Float32Array(0)) })),
      "expected at least one sample",
    ],
  ])("refuse %s", (_, read, message) => {
    expect(read).toThrow(message);
  });
});
