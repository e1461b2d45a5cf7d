import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DataType, decode, encode, ModelProto } from "@neft/onnx";
import { type Dataset, evaluate, exportOnnx, type FinetuneOptions, finetune, init, readDataset, readModel } from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";
import { evaluationFile, finetuningFile } from "./results-file.js";

let cwd: string;
let test: string;
let train: string;
const neft = (...words: string[]): Promise<Outcome> => runNeft(words, { cwd });
const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(cwd, file), "utf8"));

const dataset = (spec: string): Promise<Dataset> => {
  const [images, labels] = spec.slice(4).split(",");
  return readDataset({ kind: "idx", images: join(cwd, images!), labels: join(cwd, labels!) });
};

beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), "neft-command-"));
  await writeModels(cwd);
  test = await writeIdx(cwd, { name: "test", images: 200 });
  train = await writeIdx(cwd, { name: "train", images: 600 });
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("neft", () => {
  it("prints help and version with exit code 0", async () => {
    for (const command of ["inspect", "evaluate", "finetune", "equalise", "bench", "chip", "devices"]) {
      const { code, stdout } = await neft(command, "--help");
      expect(code).toBe(0);
      expect(stdout).toContain(`$ neft ${command}`);
      expect(stdout).toContain("Exit codes:");
    }
    expect((await neft("--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it("inspects a model", async () => {
    const { code, stdout } = await neft("inspect", "tiny.onnx");
    expect(code).toBe(0);
    expect(stdout).toMatch(/c1 +Conv +1×1×6×6 +1×4×4×4 +40 +9×4/);
    expect(stdout).toContain("3 products on crossbars");
  });
});

describe("neft evaluate", () => {
  const words = (...more: string[]): string[] => [
    "evaluate",
    "tiny.onnx",
    "--data",
    test,
    "--sigma",
    "0:0.2:0.1",
    "--chips",
    "7",
    ...more,
  ];

  it("writes the same results with 1, 2 and 3 workers, in a file that fits its schema", async () => {
    const results: string[] = [];
    for (const workers of ["1", "2", "3"]) {
      const { code, stdout, stderr } = await neft(...words("--workers", workers, "--json", "e.json"));
      expect(stderr).not.toContain("    at ");
      expect(code).toBe(0);
      expect(stdout).toContain("mean %");
      const text = await readFile(join(cwd, "e.json"), "utf8");
      const { digital, results: rows } = evaluationFile(JSON.parse(text));
      expect(rows.map(({ sigma, chips }) => [sigma, chips])).toEqual([
        [0, 7],
        [0.1, 7],
        [0.2, 7],
      ]);
      // σ = 0 equals the digital network, bit for bit.
      expect(rows[0]!.accuracy).toMatchObject({ mean: digital.accuracy, worst: digital.accuracy, std: 0 });
      results.push(text.slice(text.indexOf('"digital"'), text.indexOf('"versions"')));
    }
    expect(results[1]).toBe(results[0]);
    expect(results[2]).toBe(results[0]);
  });

  it("stops at a precision, and reports the number of chips", async () => {
    const { code, stdout } = await neft(...words("--chips", "40", "--precision", "50", "--json", "p.json"));
    expect(code).toBe(0);
    expect(stdout).not.toContain("--precision");
    const { results } = evaluationFile(await json("p.json"));
    for (const { chips, stopping } of results) {
      expect(chips).toBe(24);
      expect(stopping).toMatchObject({ precision: 50, reached: true });
    }
  });

  it("reports a precision that isn't reached, with the number of chips and the interval", async () => {
    const { code, stdout } = await neft(...words("--chips", "30", "--precision", "0.001", "--json", "p.json"));
    expect(code).toBe(0);
    const { results } = evaluationFile(await json("p.json"));
    expect(results.map(({ stopping }) => stopping!.reached)).toEqual([true, false, false]);
    const missed = results.slice(1).map(({ sigma, accuracy: { ci95 } }) => {
      const half = Number(((ci95![1] - ci95![0]) / 2).toPrecision(3));
      return `σ ${sigma}: expected ± 0.001 points (--precision), got ± ${half} from all 30 chips; raise --chips`;
    });
    expect(stdout.trimEnd().split("\n").slice(-2)).toEqual(missed);

    const one = await neft(...words("--chips", "1", "--precision", "1"));
    expect(one.stdout).toContain(
      "σ 0.1: expected ± 1 points (--precision), got no interval from 1 chip; raise --chips\n",
    );
  });

  it.each<[string, string[]]>([
    ["nothing but σ and chips", []],
    [
      "everything",
      "--scale 128 --mean 0.5 --std 2 --layout NCHW --output logits --device rram4 --weight-bits 4 --cell-bits 1 --per-sample --precision 50 --seed 9".split(
        " ",
      ),
    ],
  ])("records settings that are options again, with the same results: %s", async (_, more) => {
    expect((await neft(...words(...more, "--json", "s.json"))).code).toBe(0);
    const { settings, digital, results, warnings } = evaluationFile(await json("s.json"));
    await init();
    const { model } = await readModel(join(cwd, "tiny.onnx"));
    expect(await evaluate(model, await dataset(test), settings)).toEqual({ digital, results, warnings });
    model.dispose();
  });

  it("runs the relaxed build with --fast, and records it", async () => {
    expect((await neft(...words("--fast", "--json", "r.json"))).code).toBe(0);
    expect(evaluationFile(await json("r.json")).build).toBe("relaxed");
  });

  it("uses the named output", async () => {
    const { code } = await neft(
      "evaluate",
      "two-outputs.onnx",
      "--data",
      test,
      "--chips",
      "1",
      "--output",
      "fine",
      "--json",
      "o.json",
    );
    expect(code).toBe(0);
    const file = evaluationFile(await json("o.json"));
    expect(file.settings.output).toBe("fine");
    expect(file.results[0]!.accuracy.std).toBeNull();
  });

  it("reads mnist from its package and samples per sample", async () => {
    const model = new URL("../../../examples/models/mnist-mlp.onnx", import.meta.url).pathname;
    const { code, stderr } = await neft(
      "evaluate",
      model,
      "--data",
      "mnist:test",
      "--limit",
      "300",
      "--chips",
      "2",
      "--per-sample",
      "--json",
      "m.json",
    );
    expect([code, stderr.includes("    at ")]).toEqual([0, false]);
    const file = evaluationFile(await json("m.json"));
    expect(file.digital.accuracy).toBeGreaterThan(95);
    expect(file.settings.perSample).toBe(true);
  });
});

describe("neft finetune", () => {
  const words = (...more: string[]): string[] => [
    "finetune",
    "tiny.onnx",
    "--data",
    train,
    "--batch",
    "32",
    "--lr",
    "0.01",
    "-o",
    "out.onnx",
    ...more,
  ];

  it.each(["noise-injection", "ovf", "irs", "temperature", "none"])(
    "trains with %s, with any number of workers",
    async (strategy) => {
      const hashes: string[] = [];
      for (const workers of ["1", "3"]) {
        const more = [
          "--strategy",
          strategy,
          "--epochs",
          "2",
          "--shards",
          "2",
          "--workers",
          workers,
          "--json",
          "f.json",
        ];
        const { code, stdout, stderr } = await neft(...words(...more));
        expect(stderr).not.toContain("    at ");
        expect(code).toBe(0);
        expect(stdout).toContain("out.onnx holds the weights");
        const file = finetuningFile(await json("f.json"));
        expect(file.settings.strategy.id).toBe(strategy);
        expect(file.result.best!.accuracy).toBeGreaterThan(file.result.validations[0]!.accuracy!);
        hashes.push(file.out.sha256);
      }
      expect(hashes[1]).toBe(hashes[0]);
      await init();
      (await readModel(join(cwd, "out.onnx"))).model.dispose();
    },
  );

  it("reports how the file's types round weights", async () => {
    const proto = decode(ModelProto, new Uint8Array(await readFile(join(cwd, "tiny.onnx"))));
    for (const tensor of proto.graph!.initializer) {
      const count = tensor.dims.reduce((product, n) => product * Number(n), 1);
      if (tensor.name !== "f2.weight") continue;
      // Halves of both signs from 1/16 to 1/8.
      const halves = Uint16Array.from({ length: count }, (_, i) => 0x2c00 + ((i * 37) % 1024) + (i % 3 ? 0x8000 : 0));
      Object.assign(tensor, { dataType: DataType.FLOAT16, rawData: new Uint8Array(halves.buffer) });
    }
    await writeFile(join(cwd, "half.onnx"), encode(ModelProto, proto));
    const run = async (model: string) => {
      const outcome = await neft(
        ...words("--epochs", "1", "--json", "f.json").map((word) => (word === "tiny.onnx" ? model : word)),
      );
      expect(outcome.code).toBe(0);
      return { stderr: outcome.stderr, file: finetuningFile(await json("f.json")) };
    };
    const half = await run("half.onnx");
    expect(half.file.roundings).toMatchObject([{ name: "f2.weight", type: "FLOAT16" }]);
    expect(half.file.roundings![0]!.relativeMax).toBeLessThan(2 ** -11);
    expect(half.stderr).toMatch(/rounded to FLOAT16: "f2.weight": by at most .* %.*rms .* %/);
    const single = await run("tiny.onnx");
    expect(single.file.roundings).toEqual([]);
    expect(single.stderr).not.toContain("rounded");
  });

  it("passes every setting on", async () => {
    const more = [
      "--strategy",
      "ovf",
      "--beta",
      "0.01",
      "--gamma",
      "1,0.5",
      "--delta-sigma",
      "0.1,0.05",
      "--optimiser",
      "sgd",
      "--momentum",
      "0.5",
    ];
    const rest = [
      "--weight-decay",
      "0.001",
      "--schedule",
      "step",
      "--schedule-every",
      "2",
      "--clip",
      "2.5",
      "--bn",
      "frozen",
      "--sigma",
      "0.1",
    ];
    const data = [
      "--scale",
      "128",
      "--mean",
      "0.5",
      "--std",
      "2",
      "--device",
      "rram4",
      "--cell-bits",
      "4",
      "--seed",
      "9",
      "--keep-partial",
    ];
    expect(
      (
        await neft(
          ...words(...more, ...rest, ...data, "--validation", "50", "--validation-chips", "2", "--json", "f.json"),
        )
      ).code,
    ).toBe(0);
    const file = finetuningFile(await json("f.json"));
    expect(file.settings).toMatchObject({
      strategy: { id: "ovf", beta: 0.01, gamma: [1, 0.5], deltaSigma: [0.1, 0.05] },
      optimiser: { id: "sgd", momentum: 0.5, weightDecay: 0.001 },
      schedule: { id: "step", every: 2, gamma: 0.1 },
      clip: 2.5,
      batchNorm: "frozen",
      sigma: 0.1,
      device: "rram4",
      bitsPerCell: 4,
      seed: 9,
      dropLast: false,
      validation: { images: 50, chips: 2 },
    });
    expect(file.settings).toMatchObject({ scale: 128, mean: [0.5], std: [2] });
    expect(file.data.samples).toBe(600);
  });

  it.each<[string, string[]]>([
    ["no others", []],
    [
      "irs",
      "--strategy irs --taps relu1 --head-hidden 8 --clip 2 --freeze c1,*bias --scale 128 --mean 0.5 --std 2 --layout NCHW --output logits".split(
        " ",
      ),
    ],
    [
      "sgd",
      "--optimiser sgd --schedule step --device rram4 --cell-bits 4 --validation 50 --validation-every 5 --keep-partial".split(
        " ",
      ),
    ],
  ])("records settings that are options again, with the same weights: %s", async (_, more) => {
    expect((await neft(...words(...more, "--json", "s.json"))).code).toBe(0);
    const { settings, result, out } = finetuningFile(await json("s.json"));
    await init();
    const { model } = await readModel(join(cwd, "tiny.onnx"));
    const { validations, settings: again } = await finetune(model, await dataset(train), settings as FinetuneOptions);
    expect(validations).toEqual(result.validations);
    expect(createHash("sha256").update(exportOnnx(model)).digest("hex")).toBe(out.sha256);
    model.dispose();
    // The returned settings are options, too, but don't include those of inputs and output.
    const { scale, mean, std, layout, output } = settings;
    const { model: other } = await readModel(join(cwd, "tiny.onnx"));
    await finetune(other, await dataset(train), { ...again, scale, mean, std, layout, output });
    expect(createHash("sha256").update(exportOnnx(other)).digest("hex")).toBe(out.sha256);
    other.dispose();
  });

  it("writes the best weights at Ctrl-C and reports their path", async () => {
    await rm(join(cwd, "out.onnx"), { force: true });
    const more = words("--epochs", "100000", "--validation-every", "10", "--json", "f.json");
    const { code, stderr } = await runNeft(more, { cwd, interrupt: { text: "after step 30", signal: "SIGINT" } });
    expect(code).toBe(130);
    expect(stderr).toMatch(/out\.onnx holds the weights after step \d+/);
    const { model, sha256 } = await readModel(join(cwd, "out.onnx"));
    model.dispose();
    const file = finetuningFile(await json("f.json"));
    expect(file.out.sha256).toBe(sha256);
    expect(file.result.ended.reason).toBe("aborted");
    expect(file.result.best!.step).toBeGreaterThan(0);
  });

  it("keeps the old file if it is killed, and leaves no partial file", async () => {
    await writeFile(join(cwd, "out.onnx"), "old");
    const { code } = await runNeft(words("--epochs", "100000"), {
      cwd,
      interrupt: { text: "after step 0", signal: "SIGKILL" },
    });
    expect(code).toBeNull();
    expect(await readFile(join(cwd, "out.onnx"), "utf8")).toBe("old");
    expect((await readdir(cwd)).filter((name) => name.endsWith(".partial"))).toEqual([]);
  });

  it("stops at a diverging loss, and never replaces an earlier result with the initial weights", async () => {
    await writeFile(join(cwd, "out.onnx"), "good");
    const { code, stderr } = await neft(...words("--optimiser", "sgd", "--lr", "1e9", "--epochs", "50"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/training stopped: epoch \d+, step \d+: expected .*; try a lower learning rate/);
    expect(stderr).toContain('"out.onnx" was not written');
    expect(await readFile(join(cwd, "out.onnx"), "utf8")).toBe("good");
  });

  it("stops at a loss that diverges later, and writes the best weights so far", async () => {
    // Weights grow with every step until their products overflow; validations happen before.
    const more = [
      "--optimiser",
      "sgd",
      "--lr",
      "0.02",
      "--schedule",
      "step",
      "--schedule-every",
      "1",
      "--epochs",
      "90",
    ];
    const { code, stderr } = await neft(...words(...more, "--schedule-gamma", "3", "--validation-every", "5"));
    expect(code).toBe(1);
    expect(stderr).toMatch(/training stopped: epoch \d+, step \d+: expected .*; try a lower learning rate/);
    expect(stderr).toMatch(/out\.onnx holds the weights after step [1-9]/);
    (await readModel(join(cwd, "out.onnx"))).model.dispose();
  });
});
