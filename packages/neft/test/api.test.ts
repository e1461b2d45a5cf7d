import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deviceNamed } from "@neft/crossbar";
import {
  createWorkers,
  type Dataset,
  defineDevice,
  type EvaluateOptions,
  type EvaluationProgress,
  evaluate,
  exportOnnx,
  type FinetuneProgress,
  finetune,
  importOnnx,
  init,
  type Model,
  readDataset,
  readModel,
  split,
  take,
} from "neft";
import { gatherBatch, normalisationOf } from "neft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { evaluateOptions, finetuneOptions } from "../src/settings.js";
import { writeIdx, writeModels } from "./fixtures.js";

let folder: string;
let model: Model;
let data: Dataset;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "neft-api-"));
  await writeModels(folder);
  ({ model } = await readModel(join(folder, "tiny.onnx")));
  const [images, labels] = (await writeIdx(folder, { name: "data", images: 300 })).slice(4).split(",");
  data = await readDataset({ kind: "idx", images: join(folder, images!), labels: join(folder, labels!) });
});
/** A dataset object without samples. */
const empty = (): Dataset => ({ ...data, count: 0, values: new Uint8Array(), labels: new Int32Array() });
afterAll(async () => {
  model.dispose();
  await rm(folder, { recursive: true, force: true });
});

describe("evaluate", () => {
  const settings = { sigma: [0, 0.2], chips: 5, seed: 4 };

  it("gives the same result in this thread, on new workers and on a reused pool", async () => {
    const here = await evaluate(model, data, settings);
    expect(here.results[0]!.accuracy.mean).toBe(here.digital.accuracy);
    expect(await evaluate(model, data, { ...settings, workers: 2 })).toEqual(here);
    const workers = createWorkers(2);
    try {
      expect(await evaluate(model, data, { ...settings, workers })).toEqual(here);
      expect(await evaluate(model, data, { ...settings, workers })).toEqual(here);
    } finally {
      await workers.close();
    }
  });

  it.each<[string, (bytes: number) => ArrayBufferLike]>([
    ["memory of their own", (bytes) => new ArrayBuffer(bytes)],
    ["shared memory", (bytes) => new SharedArrayBuffer(bytes)],
  ])("sees values in %s that were changed since the call before, on a pool too", async (_, room) => {
    const values = new Uint8Array(room(data.values.length));
    values.set(data.values);
    const own = { ...data, values };
    const workers = createWorkers(2);
    try {
      const before = await evaluate(model, own, { ...settings, workers });
      values.reverse();
      const after = await evaluate(model, own, { ...settings, workers });
      expect(after).not.toEqual(before);
      expect(after).toEqual(await evaluate(model, own, settings));
    } finally {
      await workers.close();
    }
  });

  it("takes a device by id or as a record, including defined devices", async () => {
    const named = await evaluate(model, data, { ...settings, device: "rram4" });
    expect(await evaluate(model, data, { ...settings, device: deviceNamed("rram4") })).toEqual(named);
    const own = defineDevice({ ...deviceNamed("rram1"), id: "calm", programming: { kind: "exact" } });
    const { digital, results } = await evaluate(model, data, { ...settings, device: own });
    expect(results[1]!.accuracy.worst).toBe(digital.accuracy);
  });

  it("takes one mean and std for all channels", async () => {
    const listed = await evaluate(model, data, { ...settings, mean: [0.5], std: [2], scale: 128 });
    expect(await evaluate(model, data, { ...settings, mean: 0.5, std: 2, scale: 128 })).toEqual(listed);
  });

  it("reports progress, and ends at an abort", async () => {
    const seen: EvaluationProgress[] = [];
    await evaluate(model, data, { ...settings, onProgress: (progress) => seen.push(progress) });
    expect(seen.at(-1)).toMatchObject({ done: 11, total: 11, sigma: 0.2 });
    const controller = new AbortController();
    const run = evaluate(model, data, {
      ...settings,
      workers: 2,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(run).rejects.toThrow("enough");
  });

  it.each<[string, unknown, string | RegExp]>([
    ["a negative σ", { sigma: -0.1 }, "sigma: expected a number ≥ 0, got -0.1"],
    ["σ NaN", { sigma: [0.1, Number.NaN] }, "sigma: expected a number ≥ 0, got NaN"],
    ["σ in percent", { sigma: 10 }, /^sigma: expected at most 1, .*, got 10; is it in percent\? For 10 % give 0.1$/],
    ["a σ in percent", { sigma: [0.1, 1.5] }, /^sigma: expected at most 1, .*, got 1.5; .* For 1.5 % give 0.015$/],
    ["an endless σ", { sigma: Infinity }, "sigma: expected a number ≥ 0, got Infinity"],
    ["no σ", { sigma: [] }, /^sigma: expected at least one, got none$/],
    ["no chips", { chips: 0 }, "chips: expected a whole number ≥ 1 and ≤ 100000, got 0"],
    ["an unknown device", { device: "x" }, "device: expected one of ideal, rram1"],
    ["no worker", { workers: 0 }, "workers: expected a whole number ≥ 1 and ≤ 256, got 0"],
    ["σ as a word", { sigma: "0.1" }, 'sigma: expected a number from 0 to 1 or a list of them, got "0.1"'],
    ["a σ as a word", { sigma: [0.1, "0.2"] }, 'sigma: expected a number ≥ 0, got "0.2"'],
    ["chips as a word", { chips: "20" }, 'chips: expected a whole number ≥ 1 and ≤ 100000, got "20"'],
    [
      "workers as a word",
      { workers: "2" },
      'workers: expected a whole number ≥ 1 and ≤ 256, or a pool of createWorkers, got "2"',
    ],
    [
      "workers that are no pool",
      { workers: { size: 2 } },
      "workers: expected a whole number ≥ 1 and ≤ 256, or a pool of createWorkers, got an object",
    ],
    ["a switch as a word", { perSample: "no" }, 'perSample: expected true or false, got "no"'],
    ["an unknown layout", { layout: "CHWN" }, 'layout: expected one of NCHW, NHWC, got "CHWN"'],
    ["no device", { device: null }, "device: expected an id or a device record, got null"],
    ["another's option", { clip: 2 }, /^evaluate: expected no option but .*sigma, chips, .*, got clip$/],
    ["an unknown option", { sigmas: [0.1] }, /^evaluate: expected no option but .*sigma, chips, .*, got sigmas$/],
    ["a word for options", "sigma", /^evaluate: expected options \(.*sigma, .*\), got "sigma"$/],
  ])("refuses %s", async (_, options, message) => {
    await expect(evaluate(model, data, options as EvaluateOptions)).rejects.toThrow(message);
  });

  it.each(Object.keys(evaluateOptions))("refuses %s of a wrong type, and accepts undefined", async (name) => {
    const wrong = evaluate(model, data, { [name]: Symbol("x") });
    await expect(wrong).rejects.toThrow(new RegExp(`^${name}: expected .*, got Symbol\\(x\\)$`));
    await evaluate(model, data, { chips: 1, [name]: undefined });
  });

  it("names the first chip with scores that aren't finite, with any number of workers", async () => {
    // Scores are close to the largest float; on some chips they overflow.
    const broken = { sigma: 0.3, chips: 24, seed: 2, scale: 1.5e-36 };
    for (const workers of [undefined, 1, 2, 2, 3, 3]) {
      await expect(evaluate(model, data, { ...broken, workers })).rejects.toThrow(
        new Error("chip 2 at σ 0.3: expected finite class scores, got -Infinity for sample 0; try a lower sigma"),
      );
    }
  });

  it("refuses a dataset object without samples", async () => {
    await expect(evaluate(model, empty())).rejects.toThrow("expected at least one sample, got none");
  });
});

describe("finetune", () => {
  it("trains in place with the same result for any number of workers, and exports the trained weights", async () => {
    const settings = {
      strategy: { id: "ovf", beta: 0.01 },
      batch: 32,
      learningRate: 0.01,
      epochs: 3,
      shards: 2,
      clip: 2,
    } as const;
    const bytes: Uint8Array[] = [];
    for (const workers of [undefined, 2]) {
      const own = importOnnx(exportOnnx(model));
      const seen: FinetuneProgress[] = [];
      const result = await finetune(own, data, { ...settings, workers, onProgress: (progress) => seen.push(progress) });
      expect(result.ended.reason).toBe("finished");
      expect(result.best!.accuracy).toBeGreaterThan(result.validations[0]!.accuracy!);
      expect(seen.filter(({ kind }) => kind === "step")).toHaveLength(result.steps);
      bytes.push(exportOnnx(own));
      own.dispose();
    }
    expect(bytes[1]).toEqual(bytes[0]);
    expect(bytes[0]).not.toEqual(exportOnnx(model));
  });

  it.each<[string, object, string | RegExp]>([
    ["σ in percent", { sigma: 20 }, /^sigma: expected at most 1, .*, got 20; is it in percent\? For 20 % give 0.2$/],
    [
      "a head's σ in percent",
      { strategy: { id: "irs", headSigma: 5 } },
      /^strategy.headSigma: expected at most 1, .*, got 5; .* For 5 % give 0.05$/,
    ],
    [
      "Δσ in percent",
      { strategy: { id: "ovf", deltaSigma: [0.1, 15] } },
      /^strategy.deltaSigma: expected at most 1, .*, got 15; .* For 15 % give 0.15$/,
    ],
    ["several σ", { sigma: [0.1, 0.2] }, "sigma: expected a number ≥ 0, got [0.1, 0.2]"],
    ["epochs as a word", { epochs: "2" }, 'epochs: expected a whole number ≥ 1 and ≤ 100000, got "2"'],
    [
      "a strategy without an id",
      { strategy: { beta: 1 } },
      /^strategy: expected one of noise-injection, .*, or an object with such an id, got an object$/,
    ],
    ["a setting as a word", { strategy: { id: "ovf", beta: "1" } }, 'strategy.beta: expected a number, got "1"'],
    [
      "an optimiser's setting as a word",
      { optimiser: { id: "sgd", momentum: "0.5" } },
      'optimiser.momentum: expected a number ≥ 0 and < 1, got "0.5"',
    ],
    [
      "an unknown setting of validation",
      { validation: { image: 5 } },
      "validation: expected no option but images, chips, every, got image",
    ],
    [
      "an optimiser without an id",
      { optimiser: { momentum: 0.5 } },
      "optimiser: expected one of adam, sgd, or an object with such an id, got an object",
    ],
    ["an unknown schedule", { schedule: "stairs" }, 'schedule: expected one of constant, cosine, step, got "stairs"'],
    ["another's option", { chips: 5 }, /^finetune: expected no option but .*epochs, .*, got chips$/],
  ])("refuses %s", async (_, options, message) => {
    await expect(finetune(model, data, options)).rejects.toThrow(message);
  });

  it.each(Object.keys(finetuneOptions))("refuses %s of a wrong type", async (name) => {
    const wrong = finetune(model, data, { [name]: Symbol("x") });
    await expect(wrong).rejects.toThrow(new RegExp(`^${name}: expected .*, got Symbol\\(x\\)$`));
  });

  it("takes σ up to full scale, which OVF's extra forward passes exceed", async () => {
    const { model: other } = await readModel(join(folder, "tiny.onnx"));
    const { steps } = await finetune(other, data, { sigma: 1, strategy: "ovf", batch: 128, validation: { chips: 1 } });
    expect(steps).toBe(1);
    other.dispose();
  });

  it("refuses a setting that the strategy doesn't have", async () => {
    await expect(finetune(model, data, { strategy: { id: "noise-injection", beta: 1 } })).rejects.toThrow(
      "strategy noise-injection: expected no setting, got strategy.beta",
    );
  });

  it.each<[string, () => [Dataset, object]]>([
    ["to train on", () => [empty(), { validationData: data, dropLast: false }]],
    ["to validate on", () => [data, { validationData: empty() }]],
  ])("refuses a dataset object without samples %s", async (_, make) => {
    const [training, options] = make();
    await expect(finetune(model, training, options)).rejects.toThrow("expected at least one sample, got none");
  });
});

describe("values in errors", () => {
  it.each<[string, () => unknown, string | RegExp]>([
    ["workers", () => createWorkers("2" as never), 'pool: expected a number of workers from 1 to 256, got "2"'],
    ["samples to take", () => take(data, "2" as never), 'take: expected a number of samples ≥ 1, got "2"'],
    [
      "samples to hold out",
      () => split(data, { validation: "2" as never }),
      /^validation: expected a whole number ≥ 1, got "2"$/,
    ],
    [
      "samples of a batch",
      () => gatherBatch(data, ["2"] as never, normalisationOf(data, {}), [1, 1, 6, 6]),
      'expected sample indices from 0 to 299, got "2"',
    ],
    [
      "bits of a cell",
      () => defineDevice({ ...deviceNamed("rram1"), bitsPerCell: "2" as never }),
      'device "rram1": bitsPerCell: expected a whole number from 1 to 16, got "2"',
    ],
    [
      "levels",
      () =>
        defineDevice({ ...deviceNamed("rram1"), programming: { kind: "levels", sigma: ["1"], share: [1] } as never }),
      /, got \["1"\]$/,
    ],
  ])("are words where they are words: %s", (_, call, message) => {
    expect(call).toThrow(message);
  });

  it.each([
    [Number.NaN, "NaN"],
    [1n, "1n"],
    [[0.1], "[0.1]"],
  ])("show a setting of a strategy that is %s", async (beta, words) => {
    const options = { strategy: { id: "ovf", beta } } as object;
    await expect(finetune(model, data, options)).rejects.toThrow(`strategy.beta: expected a number, got ${words}`);
  });
});

describe("functions with few options", () => {
  it("refuse unknown options", async () => {
    expect(() => normalisationOf(data, { means: 0.5 } as object)).toThrow(
      "normalisationOf: expected no option but scale, mean, std, layout, got means",
    );
    expect(() => normalisationOf(data, { mean: "0.5" } as object)).toThrow(
      'mean: expected a number or a list of numbers, got "0.5"',
    );
    await expect(init({ fast: true } as object)).rejects.toThrow(
      "init: expected no option but relaxed, wasm, got fast",
    );
    const bytes = exportOnnx(model);
    expect(() => importOnnx(bytes, { external: {} } as object)).toThrow(
      "importOnnx: expected no option but externalData, embeddings, operators, got external",
    );
    expect(() => importOnnx(bytes, { externalData: { "w.bin": "bytes" } } as object)).toThrow(
      "externalData: expected files' bytes by location, got an object",
    );
  });
});
