import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchmark, createWorkers, drawBenchmark, GraphBuilder, init } from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runNeft, writeModels } from "./fixtures.js";
import { benchmarkFile } from "./results-file.js";

let cwd: string;
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-bench-"));
  await writeModels(cwd);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const short = ["--seconds", "0.01", "--batch", "8"];

describe("neft bench", () => {
  it("prints layers, rates and estimates, and writes them as JSON and SVG", async () => {
    const study = ["--chips", "7", "--sigma", "0.1,0.3", "--samples", "300", "--training-samples", "600"];
    const files = ["--json", "b.json", "--svg", "b.svg"];
    const words = ["bench", "tiny.onnx", "--workers", "2", ...short, ...study, ...files];
    const { code, stdout, stderr } = await runNeft(words, { cwd });
    expect(stderr).not.toMatch(/warning| at /);
    expect(code).toBe(0);
    expect(stdout).toMatch(/tiny\.onnx on .+, build simd128: [\d.,]+ GFLOP\/s a thread/);
    expect(stdout).toMatch(/^c1 +Conv\+Relu +8×4×4×4 +\d+\.\d\d /m);
    expect(stdout).toMatch(/^threads +chips\/s +noise-injection steps\/s +ovf steps\/s$/m);
    expect(stdout).toContain(
      "evaluation of 2 σ of 7 chips on 300 samples; finetuning for 1 epoch of 600 samples, batch 8",
    );
    const file = benchmarkFile(JSON.parse(await readFile(join(cwd, "b.json"), "utf8")));
    expect(file.settings).toMatchObject({ chips: 7, sigma: [0.1, 0.3], device: "rram1", bitsPerCell: 2, batch: 8 });
    expect(file.layers.map(({ name }) => name)).toEqual(["c1", expect.any(String), "f1", "f2"]);
    expect(file.evaluation.map(({ threads }) => threads)).toEqual([1, 2]);
    expect(file.training).toHaveLength(4);
    expect(file.estimates.finetuning).toHaveLength(4);
    expect(file.build).toBe("simd128");
    const svg = await readFile(join(cwd, "b.svg"), "utf8");
    expect(svg).toMatch(/^<svg xmlns="http:\/\/www.w3.org\/2000\/svg"/);
    expect(svg).toContain(">c1<");
  });

  it("measures the relaxed build with --fast", async () => {
    const words = ["bench", "tiny.onnx", "--fast", "--workers", "1", "--strategies", "none", ...short];
    const { code, stdout } = await runNeft([...words, "--json", "fast.json"], { cwd });
    expect(code).toBe(0);
    expect(stdout).toContain("build relaxed");
    expect(stdout).not.toContain("--fast measures");
    const file = benchmarkFile(JSON.parse(await readFile(join(cwd, "fast.json"), "utf8")));
    expect([file.build, file.training.length]).toEqual(["relaxed", 1]);
  });

  it("reports a wrong command line by its flags", async () => {
    for (const [words, message] of [
      [["--strategies", "sgd"], "--strategies: expected one of"],
      [["--cell-bits", "3"], "--cell-bits: expected a divisor of --weight-bits"],
      [["--shape", "0"], "--shape: expected a whole number ≥ 1"],
    ] as const) {
      const { code, stderr } = await runNeft(["bench", "tiny.onnx", ...words], { cwd });
      expect(stderr).toContain(message);
      expect(code).toBe(2);
    }
    const same = await runNeft(["bench", "tiny.onnx", "--json", "x", "--svg", "./x"], { cwd });
    expect(same.stderr).toContain("--svg: expected a different file");
    const twoOutputs = await runNeft(["bench", "two-outputs.onnx"], { cwd });
    expect(twoOutputs.stderr).toMatch(/expected one of its outputs to be named/);
    expect(twoOutputs.code).toBe(1);
  });

  it("writes nothing after Ctrl-C", async () => {
    const words = ["bench", "tiny.onnx", "--seconds", "2", "--json", "stopped.json", "--svg", "stopped.svg"];
    const interrupt = { text: "bench: ", signal: "SIGINT" } as const;
    const { code, stderr } = await runNeft(words, { cwd, interrupt });
    expect(code).toBe(130);
    expect(stderr).toContain("no results were written");
    expect((await readdir(cwd)).filter((name) => name.startsWith("stopped"))).toEqual([]);
  });
});

describe("benchmark", () => {
  it("takes a number of workers or a pool, and the settings that a file records", async () => {
    await init();
    const net = new GraphBuilder("net", { seed: 1 });
    const model = net.build({ y: net.linear(net.input("x", [6]), { name: "f", outputs: 3 }) });
    const settings = { seconds: 0.005, batch: 4, strategies: ["none"], samples: 50 } as const;
    const counted = await benchmark(model, { ...settings, workers: 3 });
    expect(counted.evaluation.map(({ threads }) => threads)).toEqual([1, 2, 3]);
    const pool = createWorkers(2);
    try {
      const pooled = await benchmark(model, { ...settings, workers: pool });
      expect(pooled.evaluation.map(({ threads }) => threads)).toEqual([1, 2]);
      expect(drawBenchmark(pooled, "net")).toContain(">f<");
    } finally {
      await pool.close();
    }
    const unknown = { ...settings, rounds: 3 } as object;
    await expect(benchmark(model, unknown)).rejects.toThrow(/^benchmark: .*rounds/);
    model.dispose();
  });
});
