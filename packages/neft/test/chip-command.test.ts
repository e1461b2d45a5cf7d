import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  cellDevices,
  deviceFromCsv,
  evaluate,
  exportOnnx,
  GraphBuilder,
  init,
  Model,
  readDataset,
  readModel,
} from "neft";
import { chipFileSchema } from "neft/results";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chipExample } from "../src/command/chip-example.js";
import { readChip } from "../src/command/chip-file.js";
import { UsageError } from "../src/command/exit-codes.js";
import { parseJsonc } from "../src/command/jsonc.js";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";
import { evaluationFile, finetuningFile } from "./results-file.js";

let cwd: string;
let data: string;
const neft = (...words: string[]): Promise<Outcome> => runNeft(words, { cwd });
const file = async (name: string, contents: string | object): Promise<string> => {
  await writeFile(join(cwd, name), typeof contents === "string" ? contents : JSON.stringify(contents));
  return name;
};
const text = (name: string): Promise<string> => readFile(join(cwd, name), "utf8");
const points = "g_uS,sigma_uS\n1,0.3\n12.5,0.8\n25,0.7\n";

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-chip-"));
  await writeModels(cwd);
  data = await writeIdx(cwd, { name: "test", images: 80 });
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("neft chip", () => {
  it("lists presets", async () => {
    const { code, stdout } = await neft("chip", "--list");
    expect(code).toBe(0);
    for (const name of ["pcm", "reram", "ideal"]) expect(stdout).toMatch(new RegExp(`^${name} `, "m"));
  });

  it("writes an example that it takes again, and replaces no file", async () => {
    const { code, stdout } = await neft("chip", "--init");
    expect({ code, stdout }).toEqual({ code: 0, stdout: chipExample() });
    expect((await neft("chip", "--init", "chip.json")).code).toBe(0);
    expect(await text("chip.json")).toBe(stdout);
    const again = await neft("chip", "--init", "chip.json");
    expect(again.code).toBe(2);
    expect(again.stderr).toContain('--init: expected the path of a new file, got "chip.json", which exists');
    // What a chip's settings are is a file of the same chip.
    const settings = (await neft("chip", "chip.json")).stdout;
    await file("whole.json", settings);
    expect((await neft("chip", "whole.json")).stdout).toBe(settings);
    expect(chipFileSchema.parse(JSON.parse(settings))).toMatchObject({ format: 1, sigma: 1, device: { id: "pcm" } });
  });

  it("says where the layers of a model are, and draws them", async () => {
    const words = ["chip", "reram", "--model", "tiny.onnx", "--plot", "tiles.svg"];
    const { code, stdout } = await neft(...words);
    expect(code).toBe(0);
    // 9 × 4 weights of a convolution in 2 arms and 4 slices.
    expect(stdout).toMatch(/^\/?c1\S* +9×4 +2 × 4 +8 +288 +0.05$/m);
    expect(stdout).toMatch(/^all /m);
    const svg = await text("tiles.svg");
    expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
    expect(svg).toContain("9×4 on 8 tiles, 288 cells, 0.05 % used");
    expect(svg).not.toContain("NaN");
  });

  it("takes the shape of a sample where the network leaves sizes free", async () => {
    const net = new GraphBuilder("free", { seed: 1 });
    const pooled = net.globalAvgPool(net.conv2d(net.input("x", [3, 8, 8]), { name: "c1", outputs: 4, kernel: 3 }));
    const whole = net.build({ y: net.linear(net.flatten(pooled), { outputs: 5 }) });
    const model = new Model({ ...whole, inputs: [{ ...whole.inputs[0]!, shape: ["N", 3, "H", "W"] }] });
    await writeFile(join(cwd, "free.onnx"), exportOnnx(model));
    model.dispose();
    const words = ["chip", "reram", "--model", "free.onnx"];
    const refused = await neft(...words);
    expect(refused.code).toBe(2);
    expect(refused.stderr).toContain("--shape: expected the shape of a sample");
    const { code, stdout } = await neft(...words, "--shape", "3,12,9");
    expect(code).toBe(0);
    expect(stdout).toMatch(/27×4 +2 × 4 +8 +864/);
  });

  it.each<[string[], string]>([
    [["chip", "pcm", "--shape", "1,2"], "--shape: expected --model beside it"],
    [["chip"], "expected a preset or file, --list or --init, got none"],
    [["chip", "pcm", "--list"], "got a chip and --list"],
    [["chip", "pcm", "--plot", "x.svg"], "--plot: expected --model beside it"],
    [
      ["chip", "pcm", "--model", "tiny.onnx", "--plot", "x.png"],
      '--plot: expected a file that ends in .svg, got "x.png"',
    ],
    [["chip", "none.json"], "chip: expected a preset (pcm, pcm-exact, "],
    [["devices", "--plot", "x"], "--plot: expected a file that ends in .svg"],
  ])("refuses %j", async (words, message) => {
    const { code, stderr } = await neft(...words);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });
});

describe("the example of a chip's file", () => {
  it("is taken with every line that is commented out, too, but for effects that exclude each other", () => {
    const all = parseJsonc(
      chipExample()
        .replace(/^(\s*)\/\/ ("|\{|\}|\s+"|\s+\/\/ ")/gm, "$1$2")
        .replace(/^(\s*)\/\/ "/gm, '$1"'),
    );
    const { effects, ...rest } = all as { effects: { id: string }[] };
    expect(effects.map(({ id }) => id)).toContain("write-verify");
    for (const one of effects.filter(({ id }) => id !== "programming")) {
      expect(chipFileSchema.safeParse({ ...rest, effects: [one] })).toMatchObject({ success: true });
    }
  });
});

describe("the example of docs/chip.md", () => {
  it("is taken", async () => {
    const page = await readFile(new URL("../../../docs/chip.md", import.meta.url), "utf8");
    const [, example] = /```jsonc\n(.*?)```/s.exec(page)!;
    const { chip } = await readChip(join(cwd, await file("docs.json", example!)));
    expect(chip).toMatchObject({ device: { id: "pcm" }, dac: { serial: true }, compensation: { drift: "column" } });
    expect(chip.effects).toHaveLength(4);
  });
});

describe("neft devices", () => {
  it("lists all devices with the unit and the definition of their σ", async () => {
    const { stdout } = await neft("devices");
    expect(stdout).toContain("--device NAME: whole weights vary");
    for (const id of cellDevices.keys()) expect(stdout).toMatch(new RegExp(`^${id} .*\\[\\d\\]$`, "m"));
    expect(stdout).toContain("doi:");
    expect(stdout).toMatch(/^pcm +PCM +2 +25 +– +µS +\(b\)/m);
    expect(stdout).toMatch(/^reram-wan2022 .* µS at 1 s, 1 d, 2 d /m);
    expect(stdout).toContain("(a) NeFT's: standard deviation");
  });

  it("draws σ of each", async () => {
    expect((await neft("devices", "--plot", "devices.svg")).code).toBe(0);
    const svg = await text("devices.svg");
    for (const id of ["ideal", "rram1", "pcm", "rram-milo", "uniform"]) expect(svg).toContain(`>${id}</text>`);
    expect(svg).not.toMatch(/NaN|undefined/);
  });
});

describe("neft evaluate --chip", () => {
  const words = (chip: string, ...more: string[]): string[] => [
    ...["evaluate", "tiny.onnx", "--data", data, "--chips", "2", "--workers", "1", "--chip", chip],
    ...more,
  ];

  it("reads chips at several times, and says what layers take", async () => {
    const { code, stdout, stderr } = await neft(...words("pcm", "--time", "1s,1h,30d", "--json", "e.json"));
    expect(stderr).not.toContain("    at ");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ +σ +time +chips /m);
    for (const time of ["1 s", "1 h", "30 d"]) expect(stdout).toMatch(new RegExp(`^ *1 +${time} +2 `, "m"));
    expect(stdout).toMatch(/^layer +tiles +cells +utilisation % +writes +inputs converted +clipped % +sums converted/m);
    const { settings, digital, results, warnings } = evaluationFile(JSON.parse(await text("e.json")));
    expect(settings).toMatchObject({ device: "pcm", sigma: [1], time: [1, 3600, 2_592_000], calibrationSamples: 64 });
    expect(results.map(({ time_s }) => time_s)).toEqual([1, 3600, 2_592_000]);
    expect(results[0]!.layers![0]).toMatchObject({ arms: 2, slices: 1, cells: 72, writes: 72 });
    // Recorded settings are options again, with the same results.
    await init();
    const { model } = await readModel(join(cwd, "tiny.onnx"));
    const [images, labels] = data
      .slice(4)
      .split(",")
      .map((name) => join(cwd, name));
    const samples = await readDataset({ kind: "idx", images: images!, labels: labels! });
    expect(await evaluate(model, samples, settings)).toEqual({ digital, results, warnings });
    model.dispose();
  });

  it("takes a file with comments, whose device is a file of measured points beside it", async () => {
    await mkdir(join(cwd, "chips"), { recursive: true });
    await file("chips/cells.csv", points);
    await file("chips/own.json", '{ // measured\n "device": "cells.csv", "mapping": { "bitsPerCell": 4, }, }');
    expect((await neft(...words("chips/own.json", "--json", "own-e.json"))).code).toBe(0);
    const { settings } = evaluationFile(JSON.parse(await text("own-e.json")));
    expect(settings).toMatchObject({
      device: "cells",
      bitsPerCell: 4,
      chip: { device: { programming: deviceFromCsv(points, { id: "cells" }).programming } },
    });
    const overwriting = await neft(...words("chips/own.json", "--json", "chips/cells.csv"));
    expect(overwriting.code).toBe(2);
    expect(await text("chips/cells.csv")).toBe(points);
  });

  it("compares chips with the clean network, too", async () => {
    const more = ["--reference", "clean", "--time", "1d", "--json", "d.json"];
    const { code, stdout } = await neft(...words("pcm-exact", ...more));
    expect(code).toBe(0);
    expect(stdout).toMatch(/^ *1 +1 d +2 /m);
    expect(stdout).toContain("A chip's layers at σ 1 and 1 d, mean of 2");
    expect(JSON.parse(await text("d.json"))).toMatchObject({ kind: "deviation", results: [{ time_s: 86_400 }] });
  });

  it.each<[string, string | object, RegExp]>([
    ["no JSON", "{", /expected JSON, got text that isn't/],
    ["a member twice", '{"device": "pcm", "device": "rram1"}', /expected each member once, got "device" twice/],
    ["no device", {}, /device: expected an id or a device record, got undefined/],
    ["an unknown device", { device: "pmc" }, /device: expected one of ideal, .*, a record, or the path .* got "pmc"/],
    ["a missing file of a device", { device: "./no.csv" }, /can't read "[^"]*no.csv": no such file/],
    ["another format", { format: 2, device: "pcm" }, /format: expected 1, the format of this version, got 2/],
    ["an unknown member", { device: "pcm", tiles: {} }, /chip: expected no option but format, .* got tiles/],
    [
      "an unknown member of a member",
      { device: "pcm", tile: { row: 2 } },
      /tile: expected no option but rows, .* got row/,
    ],
    ["a unit in a name", { device: "pcm", tile: { rWire_kohm: 2 } }, /got rWire_kohm/],
    ["no lines", { device: "pcm", tile: { rows: 0 } }, /tile.rows: expected .* ≥ 1 and ≤ 8192, got 0; each slice/],
    [
      "too many lines",
      { device: "pcm", tile: { columns: 1e5 } },
      /tile.columns: expected .*, got 100000; .*larger arrays/,
    ],
    ["a negative resistance", { device: "pcm", tile: { rWire_ohm: -1 } }, /tile.rWire_ohm: .* ≥ 0, got -1; a wire/],
    ["bits of a converter", { device: "pcm", adc: { bits: 32 } }, /adc.bits: .* ≤ 16, got 32; codes have 16 bits/],
    [
      "a share in place of percent",
      { device: "pcm", adc: { percentile: 200 } },
      /adc.percentile: .*; it is in percent/,
    ],
    [
      "slices that don't fit",
      { device: "pcm", mapping: { bitsPerCell: 3 } },
      /bitsPerCell: expected a divisor of weightBits \(8\), got 3/,
    ],
    ["percent of σ", { device: "rram1", sigma: 10 }, /sigma: expected at most 1, .*in percent\? For 10 % give 0.1/],
    [
      "percent of a rate",
      { device: "pcm", effects: [{ id: "stuck", pStuckOn: 2 }] },
      /pStuckOn: expected at most 1, a probability, got 2; is it in percent\? For 2 % give 0.02/,
    ],
    ["an unknown effect", { device: "pcm", effects: [{ id: "heat" }] }, /effects\[0\].id: expected one of programming/],
    [
      "drift without data",
      { device: "rram1", effects: [{ id: "drift" }] },
      /expected a device whose record has drift, got rram1/,
    ],
  ])("refuses a file with %s", async (_, contents, message) => {
    const error: unknown = await readChip(join(cwd, await file("bad.json", contents))).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(UsageError);
    expect((error as Error).message).toMatch(/^--chip "[^"]*bad.json": /);
    expect((error as Error).message).toMatch(message);
  });

  it("refuses such a file on one line, before it reads anything", async () => {
    const chip = await file("bad.json", { device: "pcm", tile: { rows: 0 } });
    const { code, stderr } = await neft(...words(chip, "--data", "npy:missing.npy"));
    expect(code).toBe(2);
    expect(stderr).toMatch(/^neft evaluate: --chip "bad.json": tile.rows: expected .*\n$/);
  });

  it.each([
    ["a gap", "g_uS,sigma_uS\n1,0.3\n,0.8\n25,0.7", "line 3: g_uS: expected a number ≥ 0, got nothing"],
    ["an order that falls", "g_uS,sigma_uS\n1,0.3\n25,0.8\n12,0.7", "line 4: g_uS: expected more than 25"],
  ])("refuses measured points with %s, naming both files", async (_, csv, message) => {
    await file("points.csv", csv);
    const read = readChip(join(cwd, await file("bad.json", { device: "points.csv" })));
    await expect(read).rejects.toThrow(/bad.json": device "[^"]*points.csv": device "points": /);
    await expect(read).rejects.toThrow(message);
  });

  it("refuses a device beyond what its σ is known for", async () => {
    const device = { ...cellDevices.get("pcm")!, gMax_uS: 40 };
    await expect(readChip(join(cwd, await file("bad.json", { device })))).rejects.toThrow(
      'device "pcm": gMax_uS: expected at most 25, got 40; σ is known from 0 to 25 µS',
    );
  });

  it.each<[string[], string]>([
    [["--time", "1h"], "--time: expected 0 or one of 1, 86400, 172800, the ages in seconds at which reram-wan2022"],
    [["--device", "rram4"], "--device: expected none beside --chip, which has its own"],
  ])("refuses %j beside a chip, before it reads anything", async (more, message) => {
    const { code, stderr } = await neft(...words("reram", ...more, "--data", "npy:missing.npy"));
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("says that a device of cells needs a chip", async () => {
    const { code, stderr } = await neft("evaluate", "tiny.onnx", "--data", data, "--device", "pcm");
    expect(code).toBe(2);
    expect(stderr).toContain('got "pcm"; its σ is that of cells: describe a chip of them, with --chip');
  });
});

describe("neft finetune --chip", () => {
  it("trains for a chip at a time, and records it", async () => {
    const more = ["--time", "1d", "--batch", "32", "--validation-chips", "1", "--beta", "0.2"];
    const { code, stderr } = await neft(
      ...["finetune", "tiny.onnx", "--data", data, "--chip", "pcm", "--workers", "1", "-o", "tuned.onnx"],
      ...more,
      ...["--json", "f.json"],
    );
    expect(stderr).not.toContain("    at ");
    expect(code).toBe(0);
    expect(finetuningFile(JSON.parse(await text("f.json"))).settings).toMatchObject({
      device: "pcm",
      time: 86_400,
      // Increments of a factor of the measured σ.
      strategy: { id: "ovf", beta: 0.2, deltaSigma: [0.75, 0.5, 0.25] },
      chip: { dac: { bits: 8 }, compensation: { drift: "global" } },
    });
  });
});
