import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";
import { equalisationFile, evaluationFile } from "./results-file.js";

let cwd: string;
let data: string;
const neft = (words: string): Promise<Outcome> => runNeft(words.split(" "), { cwd });
const text = (name: string): Promise<string> => readFile(join(cwd, name), "utf8");
const study = {
  kind: "study",
  format: 1,
  rows: ["none", "ovf"].map((method, i) => ({
    model: "tiny",
    method,
    device: "rram1",
    trainSigma: i === 0 ? null : 0.2,
    seed: 1,
    sigma: 0.2,
    digital: 99,
    chips: { accuracy: [80 + i, 85 + i] },
    metrics: { ece: 0.1 },
    cost: { forward: 10 * i, backward: i, epochs: i },
  })),
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-report-"));
  await writeModels(cwd);
  data = await writeIdx(cwd, { name: "test", images: 40 });
  await writeFile(join(cwd, "study.json"), JSON.stringify(study));
  const run = `--data ${data} --workers 1`;
  for (const words of [
    `evaluate tiny.onnx ${run} --chips 4 --sigma 0.1,0.2 --json a.json --report a.html`,
    `evaluate tiny.onnx ${run} --chips 4 --sigma 0.1,0.2 --seed 2 --json b.json`,
    `evaluate tiny.onnx ${run} --chips 4 --sigma 0.1 --reference clean --report d.html`,
    `finetune tiny.onnx ${run} --sigma 0.1 --batch 8 -o f.onnx --json f.json --report f.html`,
    "equalise tiny.onnx --dry-run --json e.json --report e.html",
  ]) {
    const { code, stderr } = await neft(words);
    expect(code, stderr).toBe(0);
  }
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("neft report", () => {
  it.each([
    ["a.html", ['<section id="accuracy">', "tiny.onnx"]],
    ["d.html", ['<section id="deviation">']],
    ["f.html", ['<section id="training">']],
    ["e.html", ['<section id="layers">']],
  ])("--report wrote %s", async (name, parts) => {
    const html = await text(name);
    expect(html).toMatch(/^<!doctype html>.*<\/html>\n$/s);
    for (const part of parts) expect(html).toContain(part);
  });

  it("writes a page of several files, and charts and tables beside it", async () => {
    const { code, stdout, stderr } = await neft(
      "report a.json b.json f.json e.json study.json --names one,<two>,f,e,s -o p.html --charts new --title <Title>",
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^"p\.html": \d+ charts, \d+ tables\n"new": \d+ files\n$/);
    const html = await text("p.html");
    expect(html).toContain("<h1>&lt;Title&gt;</h1>");
    expect(html).not.toContain("<two>");
    const files = await readdir(join(cwd, "new"));
    for (const suffix of ["svg", "png", "vl.json"]) expect(files).toContain(`accuracy.${suffix}`);
    for (const suffix of ["md", "csv", "tex"]) expect(files).toContain(`study-accuracy-1.${suffix}`);
    expect((await readFile(join(cwd, "new/accuracy.png"))).subarray(1, 4).toString()).toBe("PNG");
    expect(JSON.parse(await text("new/accuracy.vl.json")).$schema).toMatch(/vega-lite/);
    const { results } = evaluationFile(JSON.parse(await text("a.json")));
    const [, , row] = (await text("new/accuracy.csv")).split("\n");
    expect(Number(row!.split(",")[3])).toBe(results[0]!.accuracy.mean);
    // Again, over the files.
    expect((await neft("report a.json -o p.html --charts new")).code).toBe(0);
    expect(await text("p.html")).toContain("<h1>tiny.onnx</h1>");
  });

  it("writes the same page for the same files", async () => {
    for (const out of ["p1.html", "p2.html"]) await neft(`report a.json study.json -o ${out} --baseline ovf`);
    expect(await text("p1.html")).toBe(await text("p2.html"));
  });

  it("equalise writes JSON with --json", async () => {
    expect(equalisationFile(JSON.parse(await text("e.json"))).result.layers.length).toBeGreaterThan(0);
  });

  it.each([
    ["report -o x.html", 2, "missing required argument 'results'"],
    ["report a.json", 2, "required option '-o, --out <file>' not specified"],
    ["report none.json -o x.html", 1, `can't read "none.json": no such file or directory`],
    ["report tiny.onnx -o x.html", 1, `"tiny.onnx": expected a file of results (JSON), got bytes that aren't text`],
    ["report list.json -o x.html", 1, `"list.json": expected a file of neft evaluate, finetune, equalise, compare,`],
    [
      "report newer.json -o x.html",
      1,
      `"newer.json": expected a file of format 1, got format 2, which another version`,
    ],
    ["report empty.json -o x.html", 1, `"empty.json": expected a file of neft evaluate`],
    ["report a.json b.json --names a -o x.html", 2, "--names: expected as many names as result files (2), got 1"],
    ["report a.json -o a.json", 2, '--out: expected a different file from the input "a.json"'],
    ["report a.json -o x.html --charts a.json", 1, '--charts: expected a path that can be written, got "a.json"'],
    ["report a.json -o x.html --charts none/new", 1, '--charts: expected a path that can be written, got "none/new"'],
    ["report a.json -o folder/accuracy.svg --charts folder", 2, "--charts: expected a different file from --out"],
    ["report a.json -o x.html --baseline ovf", 1, "--baseline: expected results of a study"],
    ["report study.json -o x.html --baseline irs", 1, '--baseline: expected one of "none", "ovf", got "irs"'],
  ])("%s: one error, and no file", async (words, code, message) => {
    await writeFile(join(cwd, "list.json"), "[1]");
    await writeFile(join(cwd, "newer.json"), JSON.stringify({ ...study, format: 2 }));
    await writeFile(join(cwd, "empty.json"), JSON.stringify({ ...study, rows: [] }));
    await mkdir(join(cwd, "folder"), { recursive: true });
    const before = (await readdir(cwd)).length;
    const outcome = await neft(words);
    expect(outcome.stderr).toContain(`neft report: ${message}`);
    expect(outcome.code).toBe(code);
    expect(outcome.stderr.trimEnd().split("\n").length).toBeLessThanOrEqual(2);
    expect((await readdir(cwd)).length).toBe(before);
  });

  it("draws no benchmark", async () => {
    expect((await neft("bench tiny.onnx --seconds 0.01 --batch 8 --workers 1 --json bench.json")).code).toBe(0);
    const { code, stderr } = await neft("report bench.json -o x.html");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr:
        'neft report: "bench.json": expected results of neft evaluate, finetune, equalise, compare or sweep, got a benchmark; neft bench --svg draws it\n',
    });
  });
});
