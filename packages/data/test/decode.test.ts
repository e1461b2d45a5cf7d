import { readFileSync } from "node:fs";
import { decodeCifar10, decodeIdx, decodeNpz } from "@neft/data";
import { gzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { idx, npy, npz } from "./formats.js";

const images = idx([2, 2, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
const labels = idx([2], [7, 1]);
const golden = (name: string) => new Uint8Array(readFileSync(new URL(`golden/${name}`, import.meta.url)));

describe("decodeIdx", () => {
  it("reads plain and gzipped files alike", () => {
    const plain = decodeIdx(images, labels);
    expect(plain).toEqual({
      name: "idx",
      values: Uint8Array.from({ length: 12 }, (_, i) => i + 1),
      labels: Int32Array.of(7, 1),
      count: 2,
      shape: [1, 2, 3],
      layout: "NCHW",
      classes: 8,
      bytes: true,
    });
    expect(decodeIdx(gzipSync(images), gzipSync(labels))).toEqual(plain);
  });

  it("reads big-endian floats and integers", () => {
    const data = new DataView(new ArrayBuffer(16));
    for (const [i, value] of [0.5, -1, 2, 3].entries()) data.setFloat32(4 * i, value);
    const floats = decodeIdx(idx([2, 2], new Uint8Array(data.buffer), 13), idx([2], [0, 0, 0, 1, 0, 0, 0, 0], 12));
    expect(floats).toMatchObject({ shape: [2], bytes: false, classes: 2 });
    expect([...floats.values]).toEqual([0.5, -1, 2, 3]);
    expect([...floats.labels]).toEqual([1, 0]);
  });

  const flipped = gzipSync(images);
  flipped[flipped.length - 8]! ^= 1;
  const bomb = gzipSync(images);
  bomb.set([255, 255, 255, 255], bomb.length - 4);
  it.each([
    [
      "an empty file",
      new Uint8Array(),
      labels,
      "decodeIdx: images: expected an IDX file (00 00, type, rank), got an empty file",
    ],
    ["a file of another format", Uint8Array.of(137, 80, 78, 71), labels, "got bytes 89 50 4e 47"],
    ["an unknown type", idx([2, 2], [1, 2, 3, 4], 10), labels, "expected type code 8, 9, 11, 12, 13, 14, got 10"],
    ["a truncated header", images.subarray(0, 9), labels, "expected an IDX header"],
    [
      "truncated values",
      images.subarray(0, -1),
      labels,
      "expected 28 bytes for shape [2, 2, 3], got 27; the file is truncated or corrupt",
    ],
    ["bytes left over", idx([2], [1, 2]), idx([2], [7, 1, 0]), "decodeIdx: labels: expected 10 bytes"],
    ["swapped files", labels, images, "are images and labels swapped?"],
    ["labels with two axes", images, idx([2, 1], [1, 1]), "labels: expected one axis, got shape [2, 1]"],
    [
      "another number of labels",
      images,
      idx([3], [1, 2, 3]),
      "expected one label for each sample, got 2 samples and 3 labels",
    ],
    ["no sample", idx([0, 2, 2], []), idx([0], []), "expected at least one sample, got none"],
    ["empty samples", idx([2, 0], []), labels, "shape: expected a list of whole numbers ≥ 1, got [0]"],
    [
      "a negative label",
      images,
      idx([2], [255, 1], 9),
      "labels: expected integers from 0 to 2147483647, got -1 for sample 0",
    ],
    ["a truncated gzip file", gzipSync(images).subarray(0, 20), labels, "truncated or corrupt"],
    ["a tiny gzip file", gzipSync(images).subarray(0, 5), labels, "truncated or corrupt"],
    ["a gzip file with a flipped bit", flipped, labels, "CRC-32"],
    ["a gzip file that claims 4 GB", bomb, labels, "data of another length than stated"],
  ])("refuses %s", (_, x, y, message) => {
    expect(() => decodeIdx(x, y)).toThrow(message);
  });

  it("names the files in errors as the caller does", () => {
    const decode = (x: Uint8Array, y: Uint8Array) => () => decodeIdx(x, y, "digits", ["a.gz", "b.gz"]);
    expect(decode(images.subarray(1), labels)).toThrow("decodeIdx: a.gz: expected an IDX file");
    expect(decode(images, labels.subarray(1))).toThrow("decodeIdx: b.gz: expected an IDX file");
    expect(decode(images, idx([3], [1, 2, 3]))).toThrow("decodeIdx: a.gz, b.gz: expected one label for each sample");
  });

  it("refuses labels that are no integers", () => {
    const data = new DataView(new ArrayBuffer(8));
    data.setFloat32(0, 1.5);
    expect(() => decodeIdx(images, idx([2], new Uint8Array(data.buffer), 13))).toThrow(
      "labels: expected integers from 0 to 2147483647, got 1.5 for sample 0",
    );
  });
});

describe("decodeCifar10", () => {
  const record = (label: number, fill: number) => Uint8Array.of(label, ...new Uint8Array(3072).fill(fill));

  it("reads several files one behind the other", () => {
    const cifar = decodeCifar10([Uint8Array.of(...record(3, 1), ...record(9, 2)), gzipSync(record(0, 3))]);
    expect(cifar).toMatchObject({ count: 3, shape: [3, 32, 32], layout: "NCHW", classes: 10, bytes: true });
    expect([...cifar.labels]).toEqual([3, 9, 0]);
    expect([0, 3072, 6144, 9215].map((at) => cifar.values[at])).toEqual([1, 2, 3, 3]);
  });

  it.each([
    ["no file", [], "decodeCifar10: expected at least one sample, got none"],
    ["an empty file", [record(1, 0), new Uint8Array()], "file 2 of 2: expected a multiple of 3073 bytes"],
    [
      "a truncated file",
      [record(1, 0).subarray(1)],
      "expected a multiple of 3073 bytes (label, 3 × 32 × 32), got 3072",
    ],
    [
      "a label above 9",
      [record(1, 0), Uint8Array.of(...record(0, 0), ...record(10, 0))],
      "decodeCifar10: file 2 of 2: expected labels from 0 to 9, got 10 for sample 1; the file is not CIFAR-10's binary format",
    ],
  ])("refuses %s", (_, files, message) => {
    expect(() => decodeCifar10(files)).toThrow(message);
  });

  it("names the files in errors as the caller does", () => {
    const files = [record(1, 0), record(1, 0).subarray(1), record(10, 0)];
    expect(() => decodeCifar10(files, "cifar", ["a.bin", "b.bin", "c.bin"])).toThrow("decodeCifar10: b.bin: expected");
    expect(() => decodeCifar10([files[2]!], "cifar", ["c.bin"])).toThrow("decodeCifar10: c.bin: expected labels");
  });
});

describe("decodeNpz", () => {
  it("reads numpy's own files", () => {
    const plain = decodeNpz(golden("plain.npz"), "plain");
    expect(plain).toMatchObject({ name: "plain", count: 4, shape: [1, 2, 3], classes: 3, bytes: false });
    expect([...plain.values]).toEqual(Array.from({ length: 24 }, (_, i) => i / 8));
    expect([...plain.labels]).toEqual([2, 0, 1, 2]);

    const compressed = decodeNpz(golden("compressed.npz"));
    expect(compressed).toMatchObject({ count: 4, shape: [2, 2, 3], layout: "NHWC", bytes: true });
    expect([...compressed.values]).toEqual(Array.from({ length: 48 }, (_, i) => i));

    const positional = decodeNpz(golden("positional.npz"));
    expect(positional).toMatchObject({ count: 4, shape: [6] });
    expect([...positional.values]).toEqual([...plain.values]);
    expect([...positional.labels]).toEqual([...plain.labels]);
  });

  const x = npy("<f4", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6));
  const y = npy("<i8", [2], BigInt64Array.of(1n, 0n));

  it("reads every label width, and labels of shape [count, 1]", () => {
    const widths = [
      npy("|u1", [2], Uint8Array.of(1, 0)),
      npy("|i1", [2], Int8Array.of(1, 0)),
      npy("|b1", [2], Uint8Array.of(1, 0)),
      npy("<u2", [2], Uint16Array.of(1, 0)),
      npy(">i2", [2], Uint8Array.of(0, 1, 0, 0)),
      npy("<i4", [2], Int32Array.of(1, 0)),
      npy("<u4", [2], Uint32Array.of(1, 0)),
      npy("<u8", [2], BigUint64Array.of(1n, 0n)),
      npy("<f4", [2], Float32Array.of(1, 0)),
      npy("<f8", [2], Float64Array.of(1, 0)),
      npy("<i8", [2, 1], BigInt64Array.of(1n, 0n)),
      y,
    ];
    for (const labelArray of widths) expect([...decodeNpz(npz({ x, y: labelArray }, 6)).labels]).toEqual([1, 0]);
  });

  it("reads f64 samples as f32", () => {
    const doubles = npy("<f8", [2, 1], Float64Array.of(0.1, 2));
    expect(decodeNpz(npz({ data: doubles, labels: y })).values).toEqual(Float32Array.of(0.1, 2));
  });

  const stored = npz({ x, y });
  const flipped = stored.slice();
  flipped[stored.indexOf(0x7d) + 12]! ^= 1; // behind the header's closing brace
  const object = npy("|O", [2], new Uint8Array(2));
  it.each([
    ["an empty file", new Uint8Array(), "expected a zip archive, got 0 bytes without an end record"],
    ["a truncated file", stored.subarray(0, -10), "expected a zip archive"],
    ["a flipped bit", flipped, "CRC-32"],
    ["no array", npz({}), "got no array"],
    [
      "other names",
      golden("many.npz"),
      'expected one array of samples (x, images, data) and one of labels (y, labels, targets), or just two arrays, got "a", "b", "c"; choose with #SAMPLES,LABELS',
    ],
    ["two arrays that can't be distinguished", npz({ a: x, b: x }), 'got "a", "b"'],
    [
      "another number of labels",
      npz({ x, y: npy("|u1", [3], Uint8Array.of(1, 2, 3)) }),
      'got 2 samples in "x" and 3 labels in "y"',
    ],
    [
      "labels for something else",
      npz({ x, y: npy("|u1", [2, 2], new Uint8Array(4)) }),
      "y: expected one label for each sample, got shape [2, 2]",
    ],
    [
      "a negative label",
      npz({ x, y: npy("<i8", [2], BigInt64Array.of(1n, -1n)) }),
      "expected integers from 0 to 2147483647, got -1 for sample 1",
    ],
    [
      "a huge label",
      npz({ x, y: npy("<i8", [2], BigInt64Array.of(2n ** 53n + 1n, 0n)) }),
      "got 9007199254740993 for sample 0",
    ],
    ["a label that is no integer", npz({ x, y: npy("<f8", [2], Float64Array.of(0.5, 1)) }), "got 0.5 for sample 0"],
    ["objects", npz({ x, y: object }), 'y: expected a dtype of b1, u1, i1, u2, i2, u4, i4, u8, i8, f4, f8, got "|O"'],
    ["samples of one axis", npz({ x: y, y }), "x: expected samples along the first axis of 2 or more"],
    [
      "integer samples that f32 can't represent",
      npz({ x: npy("<i8", [2, 1], BigInt64Array.of(0n, -16777217n)), y }),
      "got -16777217",
    ],
    ["an array cut off", npz({ x: x.subarray(0, -1), y }), "x: expected 24 bytes for shape [2, 3] of <f4, got 23"],
    ["something else than arrays", npz({ x: new Uint8Array(20), y }), "x: expected a numpy array"],
  ])("refuses %s", (_, bytes, message) => {
    expect(() => decodeNpz(bytes)).toThrow(message);
    expect(() => decodeNpz(bytes, "a.npz")).toThrow(/^decodeNpz: "a.npz": /);
  });
});
