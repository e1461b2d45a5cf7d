import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { readDataset, readModel } from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { idx, npy, npz } from "../../data/test/formats.js";

let folder: string;
const path = (name: string): string => join(folder, name);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "neft-data-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("readDataset", () => {
  it("finds MNIST in its package", async () => {
    const [train, test] = [await readDataset("mnist:train"), await readDataset("mnist:test")];
    expect([train.count, test.count, test.shape, test.classes]).toEqual([60_000, 10_000, [1, 28, 28], 10]);
    expect([...test.labels.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
  });

  it("reads IDX, plain and gzipped", async () => {
    await writeFile(path("images"), idx([2, 1, 2], [1, 2, 3, 4]));
    await writeFile(path("labels.gz"), gzipSync(idx([2], [1, 0])));
    const data = await readDataset(`idx:${path("images")},${path("labels.gz")}`);
    expect([[...data.values], [...data.labels], data.shape]).toEqual([
      [1, 2, 3, 4],
      [1, 0],
      [1, 1, 2],
    ]);
  });

  it("reads CIFAR-10 from several files", async () => {
    const record = (label: number): Uint8Array =>
      Uint8Array.from({ length: 3073 }, (_, i) => (i === 0 ? label : i % 256));
    await writeFile(path("a.bin"), record(3));
    await writeFile(path("b.bin"), Buffer.concat([record(9), record(0)]));
    const data = await readDataset({ kind: "cifar10", files: [path("a.bin"), path("b.bin")] });
    expect([[...data.labels], data.shape, data.values[0]]).toEqual([[3, 9, 0], [3, 32, 32], 1]);
  });

  it("reads npz", async () => {
    const x = npy("<f4", [2, 3], Float32Array.of(0.5, 1, 1.5, 2, 2.5, 3));
    await writeFile(path("data.npz"), npz({ x, y: npy("<i8", [2], BigInt64Array.of(0n, 1n)) }));
    const data = await readDataset(`npz:${path("data.npz")}`);
    expect([data.bytes, [...data.values], [...data.labels]]).toEqual([false, [0.5, 1, 1.5, 2, 2.5, 3], [0, 1]]);
  });

  it("reads the part of an archive that the spec or the purpose selects, for any file name", async () => {
    const bytes = await readFile(new URL("../../data/test/golden/keras.npz", import.meta.url));
    for (const name of ["keras.npz", "keras#1.npz", "keras#train", "a,b#c.npz"]) {
      await writeFile(path(name), bytes);
      const spec = `npz:${path(name)}#`;
      for (const [part, count] of [
        ["train", 120],
        ["test", 30],
      ] as const) {
        const arrays = [`x_${part}`, `y_${part}`];
        expect(await readDataset(`${spec}${part}`)).toMatchObject({ name: path(name), count, arrays });
        expect(await readDataset(`${spec}${arrays}`)).toMatchObject({ count, arrays });
        expect(await readDataset(spec, part)).toMatchObject({ count, arrays });
      }
      await expect(readDataset(spec)).rejects.toThrow("choose with #train or #test behind the file's name");
      await expect(readDataset(`${spec}val`)).rejects.toThrow(
        "expected one array of samples and one of labels for val",
      );
    }
  });

  it("reads a pipe, and stops at endless pipes and devices", async () => {
    const x = npy("<f4", [2, 1], Float32Array.of(0.5, 1));
    await writeFile(path("plain.npz"), npz({ x, y: npy("|u1", [2], Uint8Array.of(0, 1)) }));
    execFileSync("mkfifo", [path("pipe")]);
    const writing = writeFile(path("pipe"), await readFile(path("plain.npz")));
    expect(await readDataset(`npz:${path("pipe")}`)).toMatchObject({ count: 2 });
    await writing;
    for (const spec of ["npz:/dev/zero", "cifar10:/dev/zero", `idx:/dev/zero,${path("plain.npz")}`]) {
      await expect(readDataset(spec)).rejects.toThrow(
        `can't read "/dev/zero": expected at most 256 MB from a pipe or device, got more; use a file`,
      );
    }
    await expect(readModel("/dev/zero")).rejects.toThrow("expected at most 256 MB");
    await expect(readDataset(`npz:${folder}`)).rejects.toThrow(`can't read "${folder}": it is a directory`);
    await expect(readDataset("npz:/dev/null")).rejects.toThrow("expected a zip archive, got 0 bytes");
  }, 60_000);

  it("reports the cause", async () => {
    await expect(readDataset("mnist:all")).rejects.toThrow(
      'dataset: expected mnist:train or mnist:test, got "mnist:all"',
    );
    await expect(readDataset(`npz:${path("none")}`)).rejects.toThrow(
      `can't read "${path("none")}": no such file or directory`,
    );
    await expect(readDataset(`npz:${path("none")}#validation`)).rejects.toThrow(
      /#validation": no such file or directory; arrays are selected by #train, #test, #val or #SAMPLES,LABELS$/,
    );
  });

  it("names the invalid file", async () => {
    const files = {
      images: idx([2, 1, 2], [1, 2, 3, 4]),
      labels: idx([2], [1, 0]),
      "three-labels": idx([3], [1, 0, 1]),
      "good.bin": new Uint8Array(3073),
      "bad.bin": new Uint8Array(3072),
      "far.bin": new Uint8Array(3073).fill(10),
      "bad.npz": npz({ x: npy("<f4", [2, 3], new Float32Array(6)), y: npy("|O", [2], new Uint8Array(2)) }),
      text: new TextEncoder().encode("neither of them"),
    };
    for (const [name, bytes] of Object.entries(files)) await writeFile(path(name), bytes);
    const refusal = (kind: string, ...names: string[]): Promise<Error> =>
      readDataset(`${kind}:${names.map(path).join(",")}`).then(
        () => expect.unreachable(),
        (error) => error,
      );
    for (const [spec, culprits] of [
      [["idx", "text", "labels"], ["text"]],
      [["idx", "images", "text"], ["text"]],
      [
        ["idx", "images", "three-labels"],
        ["images", "three-labels"],
      ],
      [["cifar10", "good.bin", "bad.bin"], ["bad.bin"]],
      [["cifar10", "good.bin", "far.bin"], ["far.bin"]],
      [["npz", "bad.npz"], ["bad.npz"]],
      [["npz", "text"], ["text"]],
    ] as const) {
      const [kind, ...names] = spec;
      const { message } = await refusal(kind, ...names);
      expect(message).toContain(`: ${culprits.map((name) => `"${path(name)}"`).join(", ")}: `);
      for (const name of names) expect(message.includes(`"${path(name)}"`)).toBe(culprits.includes(name as never));
    }
  });
});
