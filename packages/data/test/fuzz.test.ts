import { decodeCifar10, decodeIdx, decodeNpz } from "@neft/data";
import { sizeOf } from "@neft/tensor";
import fc from "fast-check";
import { gzipSync } from "fflate";
import { expect, it } from "vitest";
import { idx, npy, npz } from "./formats.js";

const validFiles = {
  idx: idx(
    [3, 2, 2],
    Array.from({ length: 12 }, (_, i) => i),
  ),
  idxLabels: idx([3], [0, 1, 2]),
  npz: npz({ x: npy("<f4", [2, 3], new Float32Array(6)), y: npy("<i8", [2], new BigInt64Array(2)) }, 6),
  stored: npz({ x: npy(">f8", [2, 3], new Float64Array(6), "True"), y: npy("|u1", [2], new Uint8Array(2)) }),
  cifar: new Uint8Array(3073),
};

/** A valid file with some bytes changed and, now and then, its end cut off or a gzip wrapper around it. */
const damaged = (file: Uint8Array) =>
  fc
    .tuple(
      fc.array(fc.tuple(fc.nat(file.length - 1), fc.nat(255)), { maxLength: 6 }),
      fc.option(fc.nat(file.length)),
      fc.boolean(),
    )
    .map(([changes, length, zipped]) => {
      const bytes = (zipped ? gzipSync(file) : file).slice();
      for (const [at, value] of changes) if (at < bytes.length) bytes[at] = value;
      return length === null ? bytes : bytes.subarray(0, length);
    });

const anyBytes = fc.oneof(fc.uint8Array({ maxLength: 200 }), ...Object.values(validFiles).map(damaged));

/** Runs a reader: a dataset that keeps its promises, or an error of ours. */
function expectDatasetOrError(who: string, decode: () => ReturnType<typeof decodeIdx>): void {
  let dataset: ReturnType<typeof decodeIdx>;
  try {
    dataset = decode();
  } catch (error) {
    expect((error as Error).message).toMatch(new RegExp(`^${who}: .*expected .*, got `, "s"));
    return;
  }
  const size = sizeOf(dataset.shape);
  expect(dataset.count).toBeGreaterThan(0);
  expect(dataset.values.length).toBe(dataset.count * size);
  expect(dataset.labels.length).toBe(dataset.count);
  expect(dataset.labels.every((label) => label >= 0 && label < dataset.classes)).toBe(true);
}

it("decodeIdx gives a dataset or its error for any bytes", () => {
  fc.assert(
    fc.property(anyBytes, anyBytes, (a, b) => expectDatasetOrError("decodeIdx", () => decodeIdx(a, b))),
    { numRuns: 3000 },
  );
  fc.assert(
    fc.property(damaged(validFiles.idx), (a) =>
      expectDatasetOrError("decodeIdx", () => decodeIdx(a, validFiles.idxLabels)),
    ),
    { numRuns: 2000 },
  );
});

it("decodeCifar10 gives a dataset or its error for any bytes", () => {
  fc.assert(
    fc.property(fc.array(anyBytes, { maxLength: 3 }), (files) =>
      expectDatasetOrError("decodeCifar10", () => decodeCifar10(files)),
    ),
    { numRuns: 1000 },
  );
});

it("decodeNpz gives a dataset or its error for any bytes", () => {
  fc.assert(
    fc.property(anyBytes, (bytes) => expectDatasetOrError("decodeNpz", () => decodeNpz(bytes))),
    { numRuns: 5000 },
  );
});

it("decodeNpz gives a dataset or its error for any array header", () => {
  const text = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc
      .tuple(
        fc.constantFrom("<f4", "|u1", ">i8", "|S5", "", "<"),
        fc.constantFrom("True", "False", ""),
        fc.string({ maxLength: 12, unit: fc.constantFrom("0", "2", "3", ",", " ", "-", "9") }),
      )
      .map(([descr, order, shape]) => `{'descr': '${descr}', 'fortran_order': ${order}, 'shape': (${shape}), }`),
  );
  fc.assert(
    fc.property(text, fc.uint8Array({ maxLength: 64 }), (header, data) => {
      const ascii = header.replace(/[^\x20-\x7e]/g, "?");
      const array = Uint8Array.of(
        0x93,
        78,
        85,
        77,
        80,
        89,
        1,
        0,
        ascii.length,
        0,
        ...[...ascii].map((c) => c.charCodeAt(0)),
        ...data,
      );
      expectDatasetOrError("decodeNpz", () => decodeNpz(npz({ x: array, y: npy("|u1", [2], new Uint8Array(2)) })));
    }),
    { numRuns: 2000 },
  );
});
