import { execFile } from "node:child_process";
import { link, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { externalFilesOf, importOnnx, init, readModel } from "neft";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Outcome, runNeft, writeIdx } from "./fixtures.js";
import { handMade, handMadeWeights, weightBytes } from "./hand-made.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-external-"));
  await init();
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const at = (...names: string[]): string => join(cwd, ...names);
const inner = (...names: string[]): string => at("inner", ...names);
const neft = (...words: string[]): Promise<Outcome> => runNeft(words, { cwd });
const train = (...more: string[]): Promise<Outcome> =>
  neft(
    "finetune",
    "inner/m.onnx",
    "--data",
    "idx:good-images,good-labels",
    "--batch",
    "32",
    "--lr",
    "0.03",
    "--epochs",
    "30",
    ...more,
  );

/** A model in inner/, a file `victim` outside of it, and links to that file. */
beforeEach(async () => {
  await rm(cwd, { recursive: true, force: true });
  for (const folder of ["inner/sub", "out"]) await mkdir(at(folder), { recursive: true });
  await writeFile(at("victim"), handMadeWeights());
  await writeFile(inner("w.bin"), handMadeWeights());
  await writeFile(inner("sub/w.bin"), handMadeWeights());
  await symlink("../victim", inner("link"));
  await symlink("w.bin", inner("near"));
  await symlink("..", inner("up"));
  await symlink("sub", inner("side"));
  await promisify(execFile)("mkfifo", [inner("fifo")]);
  await writeIdx(cwd, { name: "good", images: 120 });
});

const model = (location: string): Promise<void> =>
  writeFile(inner("m.onnx"), handMade({ location, doc: "long ".repeat(200) }));

describe("locations of external data", () => {
  /** Locations with the reason of the refusal, for reading and writing. */
  const outside: readonly (readonly [location: string, reason: RegExp])[] = [
    ["", /no location/],
    ["../victim", /leads out/],
    ["sub/../../victim", /leads out/],
    ["sub/../w.bin", /leads out/],
    ["..", /leads out/],
    ["/etc/passwd", /an absolute path/],
    ["//server/share/w", /an absolute path/],
    ["\\\\server\\share\\w", /a backslash/],
    ["..\\victim", /a backslash/],
    ["C:w.bin", /a colon/],
    ["C:/w.bin", /a colon/],
    ["w.bin:stream", /a colon/],
    ["w.bin\0.txt", /a control character/],
    ["w\n.bin", /a control character/],
    ["w\u009b.bin", /a control character/],
    ["sub//w.bin", /an empty name/],
    ["sub/", /an empty name/],
    ["sub/.", /a folder/],
    [".", /a folder/],
    ["w.bin.", /ends in a dot or a space/],
    ["w.bin ", /ends in a dot or a space/],
    [".. /victim", /ends in a dot or a space/],
    [".../victim", /ends in a dot or a space/],
    ["nul", /a device on Windows/],
    ["sub/Con.bin", /a device on Windows/],
    ["COM1", /a device on Windows/],
    ["lpt9.tar.gz", /a device on Windows/],
    ["aux .bin", /a device on Windows/],
  ];
  const linked: readonly (readonly [location: string, reason: RegExp])[] = [
    ["link", /"link" is a symbolic link/],
    ["near", /"near" is a symbolic link/],
    ["up/victim", /"up" is a symbolic link/],
    ["side/w.bin", /"side" is a symbolic link/],
    ["sub", /"sub" is a folder/],
    ["fifo", /"fifo" is not a regular file/],
    ["w.bin/x", /"w.bin" is not a folder/],
  ];

  it.each([...outside, ...linked])("%j isn't read", async (location, reason) => {
    await model(location);
    await expect(readModel(inner("m.onnx"))).rejects.toThrow(reason);
    await expect(readModel(inner("m.onnx"))).rejects.toThrow(/^".*m\.onnx": external data: expected .*, got "/);
  });

  it.each(outside)("%j isn't returned by externalFilesOf, either", (location, reason) => {
    const bytes = handMade({ location });
    expect(() => externalFilesOf(bytes)).toThrow(reason);
    const externalData = Object.fromEntries([[location, handMadeWeights()]]);
    expect(() => importOnnx(bytes, { externalData })).toThrow(reason);
  });

  it.each(["w.bin", "./w.bin", "sub/w.bin", "sub/./w.bin", "CONSOLE", "nulls.bin", "..w", "__proto__"])(
    "%j is read",
    async (location) => {
      await writeFile(inner(location), handMadeWeights());
      await model(location);
      const { model: read, externalFiles } = await readModel(inner("m.onnx"));
      expect(externalFiles).toEqual([location]);
      expect(read.parameters.get("w")!.size * 4).toBe(weightBytes);
      read.dispose();
    },
  );

  it("is resolved if the model's folder or the model itself is a link", async () => {
    await model("w.bin");
    await symlink("inner", at("door"));
    await symlink("m.onnx", inner("latest.onnx"));
    for (const path of [at("door", "m.onnx"), inner("latest.onnx")]) (await readModel(path)).model.dispose();
  });

  it("reports a missing file", async () => {
    await model("gone/w.bin");
    await expect(readModel(inner("m.onnx"))).rejects.toThrow(/can't read ".*gone\/w\.bin": no such file or directory/);
  });
});

describe("neft finetune with external data", () => {
  const untouched = async (): Promise<void> => {
    expect(new Uint8Array(await readFile(at("victim")))).toEqual(handMadeWeights());
    // Node's recursive listing would follow the links.
    expect((await promisify(execFile)("find", [cwd, "-name", "*.partial"])).stdout).toBe("");
  };

  it("creates missing folders, and replaces its own earlier files", async () => {
    await mkdir(inner("a/b"), { recursive: true });
    await writeFile(inner("a/b/w.bin"), handMadeWeights());
    await model("a/b/w.bin");
    for (const _ of ["first", "again"]) {
      const outcome = await train("-o", "out/m.onnx");
      expect([outcome.code, outcome.stderr]).toEqual([0, expect.not.stringContaining("neft")]);
      expect(new Uint8Array(await readFile(at("out/a/b/w.bin")))).not.toEqual(handMadeWeights());
      (await readModel(at("out/m.onnx"))).model.dispose();
    }
    expect(await readdir(at("out"), { recursive: true })).toEqual(["a", "m.onnx", "a/b", "a/b/w.bin"].sort(order));
    await untouched();
  });
  it("is written by equalise, too", async () => {
    await model("w.bin");
    const outcome = await neft("equalise", "inner/m.onnx", "-o", "out/m.onnx");
    expect([outcome.code, outcome.stderr]).toEqual([0, ""]);
    expect(await readFile(at("out/w.bin"))).toHaveLength(handMadeWeights().length);
    (await readModel(at("out/m.onnx"))).model.dispose();
    const dry = await neft("equalise", "inner/m.onnx", "--dry-run", "-o", "out/dry/m.onnx");
    expect([dry.code, dry.stderr]).toEqual([1, expect.stringContaining("--out")]);
    await untouched();
  });

  const order = (a: string, b: string): number => a.split("/").length - b.split("/").length || (a < b ? -1 : 1);

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ["a link", () => symlink("../victim", at("out/w.bin")), /"w.bin" is a symbolic link/],
    ["a dangling link", () => symlink("../new", at("out/w.bin")), /"w.bin" is a symbolic link/],
    ["a folder", () => mkdir(at("out/w.bin")), /"w.bin" is a folder/],
    [
      "another file",
      () => writeFile(at("out/w.bin"), "other"),
      /expected no unrelated file at "out\/w.bin".*choose another folder/,
    ],
    [
      "a file of another model",
      async () => {
        await writeFile(at("out/m.onnx"), handMade({ location: "v.bin" }));
        await writeFile(at("out/w.bin"), "other");
      },
      /expected no unrelated file at "out\/w.bin"/,
    ],
    ["the victim under a second name", () => link(at("victim"), at("out/w.bin")), /expected no unrelated file/],
  ])("refuses %s where the weights go, before any work", async (_, prepare, reason) => {
    await model("w.bin");
    await prepare();
    const before = await readdir(at("out"));
    const { code, stderr } = await train("-o", "out/m.onnx");
    expect([code, stderr]).toEqual([1, expect.stringMatching(reason)]);
    expect(stderr).not.toContain("step");
    expect(await readdir(at("out"))).toEqual(before);
    await untouched();
  });

  it("refuses two names for one file", async () => {
    await writeFile(inner("m.onnx"), handMade({ location: "w.bin", biasLocation: "./w.bin" }));
    const { code, stderr } = await train("-o", "out/m.onnx");
    expect([code, stderr]).toEqual([1, expect.stringContaining('got "w.bin" and "./w.bin" for the same file')]);
    expect(await readdir(at("out"))).toEqual([]);
  });

  it("refuses a link in the path", async () => {
    await model("sub/w.bin");
    await symlink("..", at("out/sub"));
    const { code, stderr } = await train("-o", "out/m.onnx");
    expect([code, stderr]).toEqual([1, expect.stringContaining('"sub" is a symbolic link')]);
    expect(await readdir(cwd)).not.toContain("w.bin");
    await untouched();
  });

  it.each<[string, string, string[], RegExp, number]>([
    ["-o", "w.bin", ["-o", "out/w.bin"], /external data: expected a different file from --out, got "out\/w.bin"/, 1],
    ["-o, under another name", "./w.bin", ["-o", "out/w.bin"], /expected a different file from --out/, 1],
    ["--json", "w.bin", ["-o", "out/m.onnx", "--json", "out/w.bin"], /expected a different file from --json/, 1],
    [
      "the model's own",
      "w.bin",
      ["-o", "inner/n.onnx"],
      /"inner\/w.bin"; .* have this path, so choose another folder for --out$/m,
      1,
    ],
    ["the model", "m.onnx", ["-o", "inner/n.onnx"], /expected a different file from the input "inner\/m.onnx"/, 1],
    ["the data", "good-labels", ["-o", "n.onnx"], /expected a different file from the input "good-labels"/, 1],
    [
      "an input, as --json",
      "w.bin",
      ["-o", "out/m.onnx", "--json", "inner/w.bin"],
      /--json: expected a different file from the input/,
      2,
    ],
    ["an input, as -o", "w.bin", ["-o", "inner/w.bin"], /--out: expected a different file from the input/, 2],
    [
      "a device",
      "w.bin",
      ["-o", "/dev/null"],
      /expected a file, whose folder receives the model.s external weights \("w.bin"\), got "\/dev\/null"/,
      1,
    ],
  ])("refuses a location equal to %s", async (_, location, words, reason, expected) => {
    if (location === "good-labels") await writeFile(inner(location), handMadeWeights());
    await model(location);
    const before = await readFile(at("good-labels"));
    const { code, stderr } = await train(...words);
    expect([code, stderr]).toEqual([expected, expect.stringMatching(reason)]);
    expect(stderr).not.toContain("step");
    expect(await readFile(at("good-labels"))).toEqual(before);
    expect(await readdir(at("out"))).toEqual([]);
    await untouched();
  });

  it("restores all files if one can't be replaced", async () => {
    await model("w.bin");
    expect((await train("-o", "out/m.onnx")).code).toBe(0);
    const before = await Promise.all(["w.bin", "m.onnx"].map((name) => readFile(at("out", name))));
    // During training, a folder replaces the model's path. The weights, written first, are already replaced when the model fails.
    const { code, stderr } = await runNeft(
      [
        "finetune",
        "inner/m.onnx",
        "--data",
        "idx:good-images,good-labels",
        "--batch",
        "32",
        "--lr",
        "0.3",
        "--epochs",
        "300",
        "-o",
        "out/m.onnx",
      ],
      {
        cwd,
        meanwhile: {
          text: "after step 3:",
          act: async () => {
            await rm(at("out/m.onnx"));
            await mkdir(at("out/m.onnx"));
          },
        },
      },
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining("all existing files are unchanged")]);
    const rescued = /^ {2}the finetuned model is in (.*)$/m.exec(stderr)![1]!;
    (await readModel(rescued)).model.dispose();
    await rm(dirname(rescued), { recursive: true });
    expect((await stat(at("out/m.onnx"))).isDirectory()).toBe(true);
    expect(await readFile(at("out/w.bin"))).toEqual(before[0]);
    await untouched();
  });
});
