import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { folderStore } from "../src/study/folder-store.js";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";

let cwd: string;
let train: string;
let test: string;
const neft = (...words: string[]): Promise<Outcome> => runNeft(words, { cwd });
const digest = (bytes: string | Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

/** Results and networks of a store: names and contents. */
const contentsOf = (store: string): Record<string, string> =>
  Object.fromEntries(
    ["results", "models"].flatMap((folder) =>
      readdirSync(join(cwd, store, folder))
        .sort()
        .map((name) => [`${folder}/${name}`, digest(readFileSync(join(cwd, store, folder, name)))]),
    ),
  );

const planOf = (parts: object = {}): string =>
  JSON.stringify({
    kind: "plan",
    format: 1,
    networks: [{ model: "tiny.onnx", train, test }],
    methods: {
      imported: {},
      rescaled: { equalise: { steps: 20 } },
      noise: { finetune: { strategy: "noise-injection" } },
      clipped: { finetune: { strategy: "noise-injection", clip: 2 } },
    },
    sigma: { test: [0.1, 0.2] },
    seeds: [1, 2],
    finetune: { batch: 20, epochs: 2, validation: { images: 20 } },
    evaluate: { chips: 3 },
    ...parts,
  });

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-sweep-"));
  await writeModels(cwd);
  train = await writeIdx(cwd, { name: "train", images: 100 });
  test = await writeIdx(cwd, { name: "test", images: 60 });
  await writeFile(join(cwd, "plan.json"), planOf());
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("neft sweep", () => {
  it("has the same results with any number of workers and in parts, and runs no cell again", async () => {
    const one = await neft("sweep", "run", "plan.json", "--store", "one", "--workers", "1", "--json", "one.json");
    expect(one.code, one.stderr).toBe(0);
    expect(one.stdout).toMatch(/^tiny on rram1 at σ 0\.1\n\nmethod +σ in training +seeds/);
    const two = await neft("sweep", "run", "plan.json", "--store", "two", "--workers", "2", "--json", "two.json");
    expect(two.code).toBe(0);
    for (const part of ["2/3", "0/3", "1/3"]) {
      const { code, stdout } = await neft("sweep", "run", "plan.json", "--store", "parts", "--shard", part);
      expect({ code, stdout }).toEqual({
        code: 0,
        stdout: expect.stringMatching(/^part \d of 3: "parts" has its \d+ cells\n$/),
      });
    }
    expect(contentsOf("two")).toEqual(contentsOf("one"));
    expect(contentsOf("parts")).toEqual(contentsOf("one"));
    expect(
      (await neft("sweep", "merge", "plan.json", "--store", "parts", "--json", "parts.json", "--report", "parts.html"))
        .code,
    ).toBe(0);
    const page = readFileSync(join(cwd, "parts.html"), "utf8");
    for (const method of ["imported", "rescaled", "noise", "clipped"]) expect(page).toContain(method);
    expect(page).toContain("<svg");
    const files = ["one.json", "two.json", "parts.json"].map((name) => readFileSync(join(cwd, name), "utf8"));
    expect(files[1]).toBe(files[0]);
    expect(files[2]).toBe(files[0]);
    const { rows, curves } = JSON.parse(files[0]!);
    expect(rows.length).toBe(4 * 2 * 2);
    expect(rows.every((row: { chips: { accuracy: number[] } }) => row.chips.accuracy.length === 3)).toBe(true);
    expect(curves.length).toBe(2 * 2);
    // Nothing is left to do: without the folder's results, the second run would take as long.
    const before = contentsOf("one");
    const again = await neft("sweep", "run", "plan.json", "--store", "one");
    expect(again.stdout.replace(/took .*/, "")).toBe(one.stdout.replace(/took .*/, ""));
    expect(contentsOf("one")).toEqual(before);
  }, 180_000);

  it("lists what is missing, and exits with 1", async () => {
    await neft("sweep", "run", "plan.json", "--store", "missing", "--shard", "0/4");
    const { code, stdout, stderr } = await neft("sweep", "merge", "plan.json", "--store", "missing");
    expect(code).toBe(1);
    expect(
      stdout
        .trimEnd()
        .split("\n")
        .every((line) => /^[0-9a-f]{64} {2}\w+ on tiny, rram1, seed \d: /.test(line)),
    ).toBe(true);
    expect(stderr).toMatch(
      /expected results of all \d+ cells in "missing", got none of the \d+ above; run neft sweep run/,
    );
  }, 60_000);

  it("ends with the same bytes after ten kills at random times", async () => {
    const methods = Object.fromEntries(
      ["noise-injection", "temperature", "none"].map((strategy) => [strategy, { finetune: { strategy } }]),
    );
    const seeds = Array.from({ length: 11 }, (_, i) => i + 1);
    writeFileSync(
      join(cwd, "large.json"),
      planOf({ methods: { imported: {}, ...methods }, seeds, sigma: { test: [0, 0.1, 0.2, 0.3] } }),
    );
    const words = ["sweep", "run", "large.json", "--workers", "2", "--store"];
    expect((await neft(...words, "whole")).code).toBe(0);
    const expected = contentsOf("whole");
    expect(Object.keys(expected).filter((name) => name.startsWith("results")).length).toBeGreaterThanOrEqual(200);
    const main = fileURLToPath(new URL("../bin/neft.js", import.meta.url));
    const count = (): number => {
      const folder = join(cwd, "killed/results");
      return existsSync(folder) ? readdirSync(folder).length : 0;
    };
    let seen = 0;
    for (let kills = 0; kills < 10; kills++) {
      const child = spawn(process.execPath, [main, ...words, "killed"], { cwd, stdio: "ignore" });
      const ended = new Promise((resolve) => child.on("close", resolve));
      // Each run computes a few more cells; where in a cell the kill meets it is left to chance.
      const until = seen + 5 + ((kills * 7) % 11);
      while (count() < until && child.exitCode === null) await new Promise((resolve) => setTimeout(resolve, 3));
      child.kill("SIGKILL");
      await ended;
      expect(count()).toBeGreaterThanOrEqual(seen);
      seen = count();
    }
    expect(seen).toBeLessThan(Object.keys(expected).length);
    expect((await neft(...words, "killed")).code).toBe(0);
    expect(contentsOf("killed")).toEqual(expected);
  }, 300_000);

  it("stops at Ctrl-C in the middle of a finetuning, and goes on from there with the same bits", async () => {
    const finetune = { batch: 2, epochs: 60, validation: { images: 20 } };
    writeFileSync(
      join(cwd, "slow.json"),
      planOf({ seeds: [1], finetune, methods: { noise: { finetune: { strategy: "ovf", ema: 0.9 } } } }),
    );
    const words = ["sweep", "run", "slow.json", "--store"];
    const stopped = await runNeft([...words, "slow"], { cwd, interrupt: { text: "study: ", signal: "SIGINT" } });
    expect(stopped.code).toBe(130);
    expect(stopped.stderr).toMatch(/stopped: "slow" has 0 of 3 cells; the same command goes on from there/);
    expect(readdirSync(join(cwd, "slow/results"))).toEqual([]);
    expect(readdirSync(join(cwd, "slow/checkpoints")).length).toBe(1);
    expect((await neft(...words, "slow")).code).toBe(0);
    expect((await neft(...words, "steady")).code).toBe(0);
    expect(contentsOf("slow")).toEqual(contentsOf("steady"));
    expect(readdirSync(join(cwd, "slow/checkpoints"))).toEqual([]);
  }, 120_000);

  it.each<[string, () => string, RegExp]>([
    ["no JSON", () => "{", /plan: expected JSON in "bad\.json", got another text/],
    ["another file", () => "[]", /plan: expected a plan of format 1, got another/],
    [
      "an unknown option",
      () => planOf({ evaluate: { chip: "pcm", speed: 1 } }),
      /plan: methods: "imported": evaluate: .*speed/,
    ],
    ["σ in percent", () => planOf({ sigma: { test: [10] } }), /sigma\.test\.0/],
    ["no such model", () => planOf({ networks: [{ model: "none.onnx", test }] }), /can't read "none\.onnx"/],
    [
      "no such data",
      () => planOf({ networks: [{ model: "tiny.onnx", test: "mnist:both" }] }),
      /plan: test: expected mnist:train or mnist:test/,
    ],
    [
      "finetuning without samples",
      () => planOf({ networks: [{ model: "tiny.onnx", test }] }),
      /expected train, the samples to train on/,
    ],
    [
      "a setting of another strategy",
      () => planOf({ finetune: { strategy: { id: "none", beta: 1 } }, methods: { a: { finetune: {} } } }),
      /plan: methods: "a": .*beta/,
    ],
  ])("refuses a plan with %s before any cell runs", async (_, text, message) => {
    writeFileSync(join(cwd, "bad.json"), text());
    const { code, stderr, stdout } = await neft("sweep", "run", "bad.json", "--store", "bad");
    expect({ code, stdout, store: existsSync(join(cwd, "bad")) }).toEqual({ code: 1, stdout: "", store: false });
    expect(stderr).toMatch(message);
  });

  it("refuses a result that was changed, and a network that isn't the one that was made", async () => {
    const plan = planOf({ seeds: [1], methods: { noise: { finetune: {} } }, sigma: { test: [0.1] } });
    writeFileSync(join(cwd, "small.json"), plan);
    expect((await neft("sweep", "run", "small.json", "--store", "changed")).code).toBe(0);
    const folder = join(cwd, "changed");
    const results = readdirSync(join(folder, "results")).map((name) => join(folder, "results", name));
    const evaluation = results.find((name) => readFileSync(name, "utf8").includes('"evaluate"'))!;
    rmSync(evaluation);
    const [model] = readdirSync(join(folder, "models"));
    writeFileSync(join(folder, "models", model!), "not the network");
    const { code, stderr } = await neft("sweep", "run", "small.json", "--store", "changed");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /noise on tiny, rram1, seed 1: evaluate at σ 0\.1: store .*expected the network [0-9a-f]{64}, got a file of digest/,
    );
  }, 60_000);

  it("refuses a part that isn't one", async () => {
    for (const part of ["3/3", "1", "-1/2", "a/b"]) {
      const { code, stderr } = await neft("sweep", "run", "plan.json", "--store", "part", "--shard", part);
      expect(code).toBe(2);
      expect(stderr).toMatch(/--shard: expected a part and the number of parts, such as 3\/16, counted from 0/);
    }
  });
});

describe("a store in a folder", () => {
  const key = "0".repeat(64);

  it("keeps a result once", async () => {
    const store = folderStore(join(cwd, "store"));
    const other = folderStore(join(cwd, "store"));
    await Promise.all([store, other].map((one) => one.writeResult(key, '{"a":1}')));
    expect(await store.readResult(key)).toBe('{"a":1}');
    await expect(other.writeResult(key, '{"a":2}')).rejects.toThrow(
      `cell ${key}: expected the result that is there, got another one`,
    );
    expect(await store.readResult(key)).toBe('{"a":1}');
    expect(readdirSync(join(cwd, "store/partial"))).toEqual([]);
  });

  it("replaces checkpoints", async () => {
    const store = folderStore(join(cwd, "store"));
    await store.writeCheckpoint(key, Uint8Array.of(1));
    await store.writeCheckpoint(key, Uint8Array.of(2));
    expect(await store.readCheckpoint(key)).toEqual(Uint8Array.of(2));
    await store.removeCheckpoint(key);
    expect(await store.readCheckpoint(key)).toBeUndefined();
  });

  it("never writes outside its folder", async () => {
    const store = folderStore(join(cwd, "store"));
    await expect(store.writeResult("../../escape", "{}")).rejects.toThrow(
      "store: expected a key of 64 hexadecimal digits",
    );
    await expect(store.readModel("..")).rejects.toThrow("store: expected a key");
  });

  it("says why its folder can't be used", () => {
    writeFileSync(join(cwd, "file"), "");
    expect(() => folderStore(join(cwd, "file"))).toThrow(/store ".*file": creating its folders failed/);
  });
});

describe("neft compare", () => {
  it("trains by several strategies and compares them on the same chips", async () => {
    const words = ["compare", "tiny.onnx", "--data", train, "--test", test, "--sigma", "0.2", "--seeds", "2"];
    const options = [
      "--strategies",
      "imported,equalise,ovf,none",
      "--chips",
      "4",
      "--batch",
      "20",
      "--epochs",
      "1",
      "--device",
      "rram4",
    ];
    const { code, stdout, stderr } = await neft(...words, ...options, "--store", "compared", "--json", "compared.json");
    expect(code, stderr).toBe(0);
    expect(stdout).toMatch(/^tiny on rram4 at σ 0\.2\n/);
    for (const method of ["imported", "equalise", "ovf", "none"])
      expect(stdout).toMatch(new RegExp(`^${method} `, "m"));
    const { rows, cells } = JSON.parse(readFileSync(join(cwd, "compared.json"), "utf8"));
    expect(rows.length).toBe(8);
    const settings = Object.values(cells as Record<string, { kind: string; options: Record<string, unknown> }>);
    expect(
      settings
        .filter(({ kind }) => kind === "finetune")
        .map(({ options: { batch, epochs, device } }) => [batch, epochs, device]),
    ).toEqual(Array.from({ length: 4 }, () => [20, 1, "rram4"]));
  }, 60_000);

  it.each([
    [["--data", "mnist:test"], "--test: expected the samples to test on, got none; mnist:test doesn't say which"],
    [
      ["--data", "mnist:train", "--strategies", "oven"],
      "--strategies: expected some of imported, equalise, noise-injection",
    ],
    [["--data", "mnist:train", "--seeds", "0"], "--seeds: expected a whole number"],
  ])("refuses %j", async (words, message) => {
    const { code, stderr } = await neft("compare", "tiny.onnx", ...words);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});
