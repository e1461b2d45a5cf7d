import { type Dataset, decodeCifar10, decodeIdx, decodeNpz, makeDataset, take } from "@neft/data";
import { gzipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { memoryKinds } from "../../tensor/test/bytes.js";
import { idx, npy, npz } from "./formats.js";

const values = Array.from({ length: 12 }, (_, i) => i + 1);
const labels = Uint8Array.of(1, 0);
const floats = Float32Array.from(values);
const record = Uint8Array.from({ length: 3073 }, (_, i) => (i === 0 ? 3 : i % 256));

/** Every reader with every kind of file that takes a separate path through it. */
const readers: Readonly<Record<string, { files: readonly Uint8Array[]; decode(files: Uint8Array[]): Dataset }>> = {
  "idx of bytes": { files: [idx([2, 2, 3], values), idx([2], labels)], decode: ([x, y]) => decodeIdx(x!, y!) },
  "idx of shorts": {
    files: [idx([2, 3], values, 11), idx([2], [0, 0, 0, 1, 0, 0, 0, 0], 12)],
    decode: ([x, y]) => decodeIdx(x!, y!),
  },
  "gzipped idx": {
    files: [gzipSync(idx([2, 2, 3], values), { level: 0 }), gzipSync(idx([2], labels))],
    decode: ([x, y]) => decodeIdx(x!, y!),
  },
  cifar10: { files: [record, gzipSync(record)], decode: (files) => decodeCifar10(files) },
  "npz of stored bytes": {
    files: [npz({ x: npy("|u1", [2, 6], Uint8Array.from(values)), y: npy("|u1", [2], labels) })],
    decode: ([file]) => decodeNpz(file!),
  },
  "npz of stored bytes in Fortran order": {
    files: [npz({ x: npy("|u1", [2, 6], Uint8Array.from(values), "True"), y: npy("|i1", [2], labels) })],
    decode: ([file]) => decodeNpz(file!),
  },
  "npz of packed floats": {
    files: [npz({ x: npy("<f4", [2, 6], floats), y: npy("|b1", [2], labels) }, 6)],
    decode: ([file]) => decodeNpz(file!),
  },
};

describe("datasets are copies of the bytes they are read from", () => {
  for (const [reader, { files, decode }] of Object.entries(readers)) {
    it.each(memoryKinds)(`${reader}, in %s`, (_, made) => {
      const right = decode(files.map((file) => file.slice()));
      const own = files.map((file) => made(file));
      const data = decode(own);
      // Reading writes nothing, whatever is written later is nobody's.
      expect(own.map((bytes) => [...bytes])).toEqual(files.map((bytes) => [...bytes]));
      for (const bytes of own) new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length).fill(0xff);
      expect(data).toEqual(right);
      // And the other way round.
      data.values.fill(7);
      data.labels.fill(7);
      for (const bytes of own) expect(bytes.every((byte) => byte === 0xff)).toBe(true);
    });
  }

  it.each<[string, unknown, string]>([
    ["an ArrayBuffer", new ArrayBuffer(8), "an ArrayBuffer; wrap it: new Uint8Array(buffer)"],
    ["a path", "data.npz", '"data.npz"'],
    ["nothing", undefined, "undefined"],
    ["an object", {}, "an object"],
    ["other numbers", new Float32Array(4), "an object"],
    ["a list", [1, 2], "[1, 2]"],
  ])("refuses %s for bytes", (_, given, got) => {
    const expected = `expected the file's bytes as a Uint8Array, got ${got}`;
    const bytes = given as Uint8Array;
    expect(() => decodeIdx(bytes, bytes)).toThrow(new RangeError(`decodeIdx: images: ${expected}`));
    expect(() => decodeNpz(bytes)).toThrow(new RangeError(`decodeNpz: "npz": ${expected}`));
    expect(() => decodeCifar10([bytes])).toThrow(new RangeError(`decodeCifar10: file 1 of 1: ${expected}`));
  });

  it.each<[unknown]>([[null], ["ab"], [Number.NaN], [{}], [[1, 2]]])("refuses %j for the files' names", (given) => {
    const names = given as [string, string];
    expect(() => decodeIdx(record, record, "x", names)).toThrow("decodeIdx: fileNames: expected a list of names");
    expect(() => decodeCifar10([record], "x", names)).toThrow("decodeCifar10: fileNames: expected a list of names");
  });
});

it("take and makeDataset keep values and labels as they were given", () => {
  const data = makeDataset("test", { name: "test", values: floats, labels: [1, 0], shape: [6] });
  expect(data.labels).toEqual(Int32Array.of(1, 0));
  expect(take(data, 1).values.buffer).toBe(floats.buffer);
});
