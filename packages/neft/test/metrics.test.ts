import { readFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decodeNpz, evaluate, init, predict, readDataset, readModel } from "neft";
import { compareEvaluations, defineMetric, type EvaluationFile, parseResults } from "neft/results";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withMetricsTable } from "../src/command/metrics-table.js";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";
import { evaluationFile } from "./results-file.js";

let cwd: string;
let test: string;
let held: string;
const neft = (...words: string[]): Promise<Outcome> =>
  runNeft(["evaluate", "tiny.onnx", "--data", test, "--chips", "5", "--workers", "1", ...words], { cwd });
const fileOf = async (name: string): Promise<EvaluationFile> =>
  evaluationFile(JSON.parse(await readFile(join(cwd, name), "utf8")));
const dataset = (spec: string) => {
  const [images, labels] = spec.slice(4).split(",");
  return readDataset({ kind: "idx", images: join(cwd, images!), labels: join(cwd, labels!) });
};

beforeAll(async () => {
  await init();
  cwd = await mkdtemp(join(tmpdir(), "neft-metrics-"));
  await writeModels(cwd);
  test = await writeIdx(cwd, { name: "test", images: 120 });
  held = await writeIdx(cwd, { name: "held", images: 80 });
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

it("docs/metrics.md has the rows of the metrics (npm run metrics --workspace neft writes it)", () => {
  const file = readFileSync(new URL("../../../docs/metrics.md", import.meta.url), "utf8");
  expect(file).toBe(withMetricsTable(file));
});

describe("neft evaluate", () => {
  it("records all metrics and the values of each chip, and writes scores that decodeNpz reads", async () => {
    const { code, stdout, stderr } = await neft(
      ...["--sigma", "0.1,0.3", "--metrics", "accuracy,nll,ece,kl,confidence,mutual-information"],
      ...["--yield-accuracy", "20,25.5", "--temperature-data", held, "--temperature-chips", "2"],
      ...["--json", "all.json", "--predictions", "all.npz"],
    );
    expect([code, stderr.includes("    at ")]).toEqual([0, false]);
    for (const text of ["NLL (nats)", "KL (nats)", "yield, 95 %", "none below 59 chips", "raw", "/ "])
      expect(stdout).toContain(text);
    const file = await fileOf("all.json");
    expect(file.temperatureData).toMatchObject({ samples: 80 });
    const { model } = await readModel(join(cwd, "tiny.onnx"));
    const data = await dataset(test);
    const options = { ...file.settings, reference: undefined, temperatureData: await dataset(held), keepScores: true };
    const { digital, results, warnings } = await evaluate(model, data, options);
    // The file has all but the scores.
    const { scores: _, ...recorded } = digital;
    expect(file).toMatchObject({ digital: recorded, warnings });
    expect(file.results).toEqual(results.map(({ scores: _scores, ...rest }) => rest));
    expect(file.results[0]!.perChip!.accuracy).toHaveLength(5);
    expect(file.results[0]!.scaled!.temperature).toBeGreaterThan(0);

    const bytes = new Uint8Array(await readFile(join(cwd, "all.npz")));
    const pair = decodeNpz(bytes, "all.npz", { arrays: ["scores_digital", "labels"] });
    expect([pair.values, [...pair.labels]]).toEqual([digital.scores, [...data.labels]]);
    for (const [i, { scores }] of results.entries()) {
      const { values, count, shape } = decodeNpz(bytes, "all.npz", { arrays: [`scores_${i}`] });
      expect([count, shape]).toEqual([5, [1, 120, 4]]);
      expect(values).toEqual(scores);
    }
    expect(results[1]!.scores!.subarray(4 * 480)).toEqual(predict(model, data, { sigma: 0.3, index: 4 }).scores);
    model.dispose();
  });

  it("prints what it printed, and writes the default metrics, where none are named", async () => {
    const { stdout } = await neft("--sigma", "0.1", "--json", "plain.json");
    expect(stdout).not.toContain("NLL");
    const [result] = (await fileOf("plain.json")).results;
    expect(Object.keys(result!.metrics!)).toEqual(["accuracy", "confidence", "nll", "ece", "mutual-information"]);
    expect(result!.scaled).toBeUndefined();
  });

  it.each<[string[], string]>([
    [["--metrics", "acc"], "--metrics: expected one of accuracy, yield, confidence, nll, ece, mutual-information, kl"],
    [["--metrics", "yield"], "--yield-accuracy: expected accuracies with the metric yield, got none"],
    [["--temperature-data", "SAME"], "--temperature-data: expected other samples than those of --data, got the same"],
    [["--reference", "clean", "--predictions", "x.npz"], "--predictions: expected none with --reference clean"],
    [["--reference", "clean", "--metrics", "nll"], "--metrics: expected none with the reference clean, got nll"],
    [["--predictions", "test-images"], "--predictions: expected a different file from the input"],
    [["--json", "x", "--predictions", "x"], "--predictions: expected a different file from --json"],
    [
      ["--chips", "100000", "--sigma", "0:1:0.01", "--predictions", "x.npz"],
      "expected at most 2 GiB of kept class scores, got 18.1 GiB: 120 samples × 4 classes × (1 + 101 × 100000 chips)",
    ],
  ])("refuses %j before it reads a chip", async (words, message) => {
    const { code, stdout, stderr } = await neft(...words.map((word) => (word === "SAME" ? test : word)));
    expect(code).not.toBe(0);
    expect(stderr).toContain(message);
    expect(stdout).toBe("");
    expect(await readdir(cwd)).not.toContain("x.npz");
  });
});

describe("evaluate", () => {
  it("takes a metric that is defined here, with workers; refuses options without labels", async () => {
    defineMetric({ id: "largest-score", about: "largest class score", ofChip: ({ scores }) => Math.max(...scores) });
    const { model } = await readModel(join(cwd, "tiny.onnx"));
    const data = await dataset(test);
    const options = { sigma: 0.2, chips: 4, metrics: ["largest-score"] };
    const { results } = await evaluate(model, data, { ...options, keepScores: true });
    const scores = results[0]!.scores!;
    const largest = [0, 1, 2, 3].map((i) => Math.max(...scores.subarray(i * 480, (i + 1) * 480)));
    expect(results[0]!.metrics["largest-score"]).toMatchObject({ values: largest });
    const { results: again } = await evaluate(model, data, { ...options, workers: 2 });
    expect(again[0]!.metrics).toEqual(results[0]!.metrics);
    await expect(evaluate(model, data, { reference: "clean", keepScores: true })).rejects.toThrow(
      "keepScores: expected none with the reference clean, got one",
    );
    await expect(evaluate(model, data, { temperatureData: {} as never })).rejects.toThrow("temperatureData");
    model.dispose();
  });
});

describe("compareEvaluations", () => {
  it("pairs the chips of two networks", async () => {
    await neft("--sigma", "0.1,0.3", "--json", "a.json");
    const a = await fileOf("a.json");
    const b: EvaluationFile = {
      ...a,
      results: a.results.map((one) => ({
        ...one,
        perChip: { ...one.perChip!, accuracy: one.perChip!.accuracy.map((accuracy) => accuracy - 2) },
      })),
    };
    const differences = compareEvaluations(a, b);
    expect(differences.map(({ sigma }) => sigma)).toEqual([0.1, 0.3]);
    expect(differences[0]!.accuracy).toMatchObject({ pairs: 5, mean: expect.closeTo(2, 9), std: expect.closeTo(0, 9) });
    expect(differences[0]!.loss).toEqual({ pairs: 5, mean: 0, std: 0, ci95: [0, 0], ci99: [0, 0] });

    for (const [change, what] of [
      [{ settings: { ...a.settings, seed: 2 } }, "seed"],
      [{ settings: { ...a.settings, device: "rram4" } }, "device"],
      [{ settings: { ...a.settings, perSample: true } }, "perSample"],
      [{ data: { ...a.data, samples: 119 } }, "samples"],
      [{ results: a.results.slice(1) }, "σ"],
      [{ results: a.results.map((one) => ({ ...one, time_s: 60 })) }, "ages"],
      [{ results: a.results.map((one) => ({ ...one, chips: 4 })) }, "numbers of chips"],
    ] as const)
      expect(() => compareEvaluations(a, { ...a, ...change })).toThrow(
        `compareEvaluations: expected the same ${what} in both, because chips are compared in pairs`,
      );
  });

  it("refuses files from before they had the values of each chip, which still parse", async () => {
    await neft("--sigma", "0.1", "--json", "new.json");
    const { settings, digital, results, ...rest } = await fileOf("new.json");
    const { temperatureChips: _chips, ...older } = settings;
    const { loss: _loss, ...before } = digital;
    const old = {
      ...rest,
      settings: older,
      digital: before,
      results: results.map(({ metrics: _metrics, perChip: _perChip, ...one }) => one),
    };
    const file = parseResults(JSON.stringify(old)) as EvaluationFile;
    expect(file.results[0]!.perChip).toBeUndefined();
    expect(() => compareEvaluations(file, file)).toThrow(
      "compareEvaluations: expected the values of each chip, got none at σ 0.1",
    );
  });
});
