import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assign } from "@neft/tensor";
import {
  createSession,
  type Dataset,
  equalise,
  evaluate,
  exportOnnx,
  type FinetuneProgress,
  finetune,
  GraphBuilder,
  importOnnx,
  init,
  type Model,
  makeDataset,
  readDataset,
  readModel,
  take,
} from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { bytesOf } from "../../onnx/test/networks/files.mjs";
import { type Network, networks } from "../../onnx/test/networks/table.mjs";
import { feedsOf } from "../../onnx/test/networks/values.mjs";
import { ownNetworks } from "../../onnx/test/networks.js";
import { differences, runInRuntime, type Values } from "../../onnx/test/runtime.js";
import { runNeft, writeIdx, writeModels } from "./fixtures.js";
import { equalisationFile, finetuningFile } from "./results-file.js";

beforeAll(() => init());

/** What the outputs of a rescaled network may differ by in onnxruntime, of max(1, |y|). */
const tolerance = 1e-5;
/** The same in our kernels, which round some outputs more. */
const ownTolerance = 1.75e-5;

const { resolve } = createRequire(new URL("../../onnx/test/networks.test.ts", import.meta.url));

/** Bytes of all parameters of a file, which may change; true for each byte. */
function bytesOfParameters(bytes: Uint8Array, model: Model): Uint8Array {
  const file = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const marks = new Uint8Array(bytes.length);
  for (const parameter of model.parameters.values()) {
    const values = parameter.toArray() as Float32Array;
    const own = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    for (let at = file.indexOf(own); at >= 0; at = file.indexOf(own, at + own.length))
      marks.fill(1, at, at + own.length);
  }
  return marks;
}

/** Rescales a network, and checks that its file changes in parameters alone and its outputs not at all, up to rounding. */
async function expectSameFunction(
  bytes: Uint8Array,
  feeds: readonly Values[],
  { data, gainsTwice = false }: { readonly data?: Dataset | undefined; readonly gainsTwice?: boolean } = {},
): Promise<void> {
  const model = importOnnx(bytes);
  try {
    const options = data ? { data, steps: 4, batch: 4 } : {};
    const may = bytesOfParameters(bytes, model);
    const { method, change, layers, factors, variance } = await equalise(model, options);
    const after = exportOnnx(model);
    expect(after).toHaveLength(bytes.length);
    const elsewhere = bytes.findIndex((byte, i) => byte !== after[i] && may[i] === 0);
    expect(elsewhere, "a byte outside the parameters").toBe(-1);
    expect(method === "none").toBe(Buffer.compare(after, bytes) === 0);
    // Random inputs don't fit every network: recurrent ones check theirs.
    expect(change ?? 0).toBeLessThanOrEqual(ownTolerance);
    expect(variance).toBeGreaterThan(0);
    expect(variance).toBeLessThanOrEqual(1);
    if (layers.length === 0) expect([method, factors]).toEqual(["none", 0]);
    for (const one of feeds) {
      const [was, is] = [await runInRuntime(bytes, one), await runInRuntime(after, one)];
      expect(differences(is, was, { tolerance })).toEqual([]);
    }
    if (gainsTwice) return;
    expect((await equalise(model, options)).method, "a second time").toBe("none");
    expect(Buffer.compare(exportOnnx(model), after)).toBe(0);
  } finally {
    model.dispose();
  }
}

const fashion = "/usr/share/datasets/fashion-mnist";

/** Images by which networks of ours are compared. */
const imageCount = 128;

/** The first test images of the dataset that a network of ours reads; undefined where it isn't installed. */
async function imagesFor(name: string): Promise<Dataset | undefined> {
  if (name.startsWith("mnist")) return take(await readDataset("mnist:test"), imageCount);
  if (!existsSync(fashion)) return undefined;
  const [images, labels] = ["images-idx3", "labels-idx1"].map((what) => `${fashion}/t10k-${what}-ubyte.gz`);
  return take(await readDataset({ kind: "idx", images: images!, labels: labels! }), imageCount);
}

describe("own networks", () => {
  it("are ten", () => {
    expect(ownNetworks).toHaveLength(10);
  });

  /** Rescaled by samples, too: the smallest one alone, because a search takes seconds. */
  const searched = ["mnist-lenet5.onnx"];

  it.each(ownNetworks)(
    "$name computes the same",
    async ({ name, bytes }) => {
      const images = await imagesFor(name);
      const data = images
        ? Float32Array.from(images.values, (value) => value / 255)
        : Float32Array.from({ length: imageCount * 784 }, (_, i) => ((i * 7919) % 256) / 255);
      const model = importOnnx(bytes);
      const input = model.inputs[0]!.name;
      model.dispose();
      const feeds = [{ [input]: { dtype: "f32", shape: [imageCount, 1, 28, 28], data } as const }];
      await expectSameFunction(bytes, feeds);
      if (images && searched.includes(name))
        await expectSameFunction(bytes, feeds, { data: take(images, 64), gainsTwice: true });
    },
    120_000,
  );
});

/** Networks that aren't rescaled here, with the reason. */
const left: Readonly<Record<string, string>> = {
  "M-LSD tiny 320": "ten seconds a run, and no operator that MobileNet lacks",
  "M-LSD tiny 512": "the same network at another size",
  "M-LSD large 320": "a minute, and no operator that MobileNet lacks",
  "M-LSD large 512": "the same network at another size",
};

describe("networks by others", () => {
  const runs = networks.filter(({ name }: Network) => left[name] === undefined);

  it.each(runs)("$name computes the same", async (network: Network) => {
    const sizes = network.single ? network.sizes.filter(({ N }) => N === 1) : network.sizes;
    const feeds = sizes.map((one) => feedsOf(network, one));
    await expectSameFunction(bytesOf(network, resolve), feeds);
  });
});

const side = 6;

/** A network whose hidden channels have ranges that differ by up to 32. */
function uneven(): Model {
  const net = new GraphBuilder("uneven", { seed: 5 });
  const x = net.relu(net.conv2d(net.input("image", [1, side, side]), { name: "c1", outputs: 8, kernel: 3 }));
  const h = net.relu(net.linear(net.flatten(x), { name: "f1", outputs: 32 }));
  const model = net.build({ logits: net.linear(h, { name: "f2", outputs: 4 }) });
  const spread = (name: string, channels: number): void => {
    const parameter = model.parameters.get(name)!;
    const values = parameter.toArray() as Float32Array;
    const size = values.length / channels;
    assign(
      parameter,
      values.map((value, i) => value * 2 ** ((Math.floor(i / size) * 5) % 6)),
    );
  };
  for (const name of ["c1.weight", "c1.bias"]) spread(name, 8);
  for (const name of ["f1.weight", "f1.bias"]) spread(name, 32);
  return model;
}

const samples = (count = 96): Dataset =>
  makeDataset("test", {
    name: "some",
    values: Uint8Array.from({ length: count * side * side }, (_, i) => (i * 7919 + (i >> 5)) % 251),
    labels: Int32Array.from({ length: count }, (_, i) => i % 4),
    shape: [1, side, side],
  });

const quick = { steps: 8, batch: 16 };

describe("equalise", () => {
  const weights = (model: Model) => [...model.parameters].map(([name, tensor]) => [name, [...tensor.toArray()]]);

  it("makes chips deviate less, and leaves accuracy without variation", async () => {
    const model = uneven();
    const [data, chips] = [samples(), { sigma: [0, 0.2], chips: 20 }];
    const deviation = async () =>
      (await evaluate(model, data, { ...chips, reference: "clean" })).results.map(
        ({ relativeError }) => relativeError.mean,
      );
    const digital = (await evaluate(model, data, chips)).digital.accuracy;
    const [, before] = await deviation();
    const withoutData = await equalise(model);
    expect(withoutData.method).toBe("balanced");
    expect(withoutData.variance).toBeLessThan(0.5);
    const [, balanced] = await deviation();
    expect(balanced).toBeLessThan(0.9 * before!);
    expect((await evaluate(model, data, chips)).digital.accuracy).toBe(digital);
    model.dispose();

    const other = uneven();
    const { method, distance } = await equalise(other, { ...quick, data, distance: "error" });
    expect(["balanced", "convex", "descent", "mean"]).toContain(method);
    expect(distance!.after).toBeLessThan(0.5 * distance!.before);
    other.dispose();
  });

  it("with dryRun says the same and changes nothing", async () => {
    const model = uneven();
    const before = weights(model);
    const planned = await equalise(model, { ...quick, data: samples(), dryRun: true });
    expect(weights(model)).toEqual(before);
    expect(await equalise(model, { ...quick, data: samples() })).toEqual(planned);
    expect(weights(model)).not.toEqual(before);
    model.dispose();
  });

  it("reads no labels", async () => {
    const results = [];
    const { values, shape } = samples();
    for (const data of [samples(), makeDataset("test", { name: "some", values, shape })]) {
      const model = uneven();
      results.push([await equalise(model, { ...quick, data }), weights(model)]);
      model.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it("gives the same bits in a session, with any number of workers, and the same progress", async () => {
    const model = uneven();
    const file = exportOnnx(model);
    model.dispose();
    const own = importOnnx(file);
    const [steps, expected]: [unknown[], unknown[]] = [[], []];
    const result = await equalise(own, {
      ...quick,
      data: samples(),
      onProgress: (progress) => expected.push(progress),
    });
    expect(expected.at(-1)).toEqual({ done: expected.length, total: expected.length });
    for (const workers of [1, 3]) {
      const session = await createSession({ workers });
      const network = await session.importOnnx(file);
      const data = await session.addDataset(samples());
      const onProgress = (progress: unknown) => steps.push(progress);
      expect(await session.equalise(network, { ...quick, data, onProgress })).toEqual(result);
      expect(await session.exportOnnx(network)).toEqual(exportOnnx(own));
      expect(steps.splice(0)).toEqual(expected);
      await session.close();
    }
    own.dispose();
  });

  it.each([0, 3, 200])("an abort after %i batches leaves the model as before", async (batches) => {
    const model = uneven();
    const before = weights(model);
    const stop = new AbortController();
    if (batches === 0) stop.abort(new Error("stop"));
    const onProgress = ({ done }: { done: number }) => {
      if (done === batches) stop.abort(new Error("stop"));
    };
    const options = { steps: 200, batch: 16, data: samples(), signal: stop.signal, onProgress };
    await expect(equalise(model, options)).rejects.toThrow("stop");
    await expect(equalise(model, { signal: stop.signal })).rejects.toThrow("stop");
    expect(weights(model)).toEqual(before);
    await equalise(model);
    model.dispose();
  });

  it("refuses a model in use, wrong samples and wrong options, and changes nothing", async () => {
    const model = uneven();
    const before = weights(model);
    const reading = evaluate(model, samples(), { sigma: 0.1, chips: 2 });
    await expect(equalise(model)).rejects.toThrow("to be free, got one that evaluate reads");
    await reading;
    const wrong = makeDataset("test", { name: "wide", values: new Uint8Array(70), shape: [1, 5, 7] });
    await expect(equalise(model, { data: wrong })).rejects.toThrow(RangeError);
    await expect(equalise(model, { sigma: 2 })).rejects.toThrow("sigma: expected at most 1");
    await expect(equalise(model, { step: 3 } as never)).rejects.toThrow("equalise: expected no option but");
    expect(weights(model)).toEqual(before);
    assign(
      model.parameters.get("f1.weight")!,
      new Float32Array(model.parameters.get("f1.weight")!.size).fill(Number.NaN),
    );
    await expect(equalise(model)).rejects.toThrow("expected finite weights");
    model.dispose();
  });
});

describe("finetune with equalise", () => {
  const training = {
    equalise: true,
    epochs: 1,
    batch: 16,
    validation: { images: 16, chips: 2 },
    strategy: "none",
  } as const;

  it.each(["ovf", "distillation"])("rescales by the training samples, then trains: %s", async (strategy) => {
    const results = [];
    for (const workers of [undefined, 2]) {
      const model = uneven();
      const kinds = new Map<string, number>();
      const onProgress = ({ kind, ...at }: FinetuneProgress) => {
        kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
        if (kind === "equalise") expect(at).toMatchObject({ epoch: 1, step: 0, steps: 5 });
      };
      const options = { ...training, strategy, clip: 3, freeze: ["c1"], onProgress, ...(workers && { workers }) };
      const result = await finetune(model, samples(), options);
      expect(result.settings.equalise).toBe(true);
      expect(result.equalised!.method).not.toBe("none");
      expect(result.equalised!.settings).toMatchObject({ sigma: 0.2, seed: 1, device: { id: "rram1" } });
      expect([...kinds.keys()]).toEqual(["equalise", "validation", "step"]);
      expect(kinds.get("step")).toBe(result.steps);
      results.push([result, exportOnnx(model)]);
      model.dispose();
    }
    expect(results[1]).toEqual(results[0]);
  });

  it("begins where equalise ends, with the model to itself, and without the option nothing changes", async () => {
    const model = uneven();
    const others: Promise<unknown>[] = [];
    const onProgress = ({ kind }: FinetuneProgress) => {
      if (kind === "equalise" && others.length === 0) others.push(expect(equalise(model)).rejects.toThrow(/finetune/));
    };
    const { validations, equalised } = await finetune(model, samples(), { ...training, onProgress });
    expect(equalised).toBeDefined();
    expect(others).toHaveLength(1);
    await Promise.all(others);
    model.dispose();
    const plain = uneven();
    const without = await finetune(plain, samples(), { ...training, equalise: false });
    expect(without.equalised).toBeUndefined();
    expect(without.validations[0]).not.toEqual(validations[0]);
    plain.dispose();
  });

  it("in a session gives the same bits", async () => {
    const model = uneven();
    const file = exportOnnx(model);
    model.dispose();
    const own = importOnnx(file);
    const session = await createSession({ workers: 1 });
    const network = await session.importOnnx(file);
    const data = await session.addDataset(samples());
    expect(await session.finetune(network, data, training)).toEqual(await finetune(own, samples(), training));
    expect(await session.exportOnnx(network)).toEqual(exportOnnx(own));
    await session.close();
    own.dispose();
  });

  it("an abort meanwhile leaves the model as before", async () => {
    const model = uneven();
    const before = exportOnnx(model);
    const stop = new AbortController();
    const onProgress = ({ kind }: FinetuneProgress) => {
      if (kind === "equalise") stop.abort();
    };
    const result = await finetune(model, samples(), { ...training, signal: stop.signal, onProgress });
    expect(result).toMatchObject({ steps: 0, best: null, validations: [], ended: { reason: "aborted" } });
    expect(result.equalised).toBeUndefined();
    expect(exportOnnx(model)).toEqual(before);
    model.dispose();
  });

  it("checks its options before it rescales", async () => {
    const model = uneven();
    const before = exportOnnx(model);
    await expect(finetune(model, samples(), { ...training, freeze: ["none"] })).rejects.toThrow("freeze");
    await expect(finetune(model, samples(), { ...training, batch: 1000 })).rejects.toThrow("batch");
    expect(exportOnnx(model)).toEqual(before);
    model.dispose();
  });
});

describe("neft equalise", () => {
  let cwd: string;
  let data: string;
  const neft = (words: string) => runNeft(words.split(" "), { cwd });
  const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(cwd, file), "utf8"));

  beforeAll(async () => {
    cwd = await mkdtemp(join(tmpdir(), "neft-equalise-"));
    await writeModels(cwd);
    const model = uneven();
    await writeFile(join(cwd, "uneven.onnx"), exportOnnx(model));
    model.dispose();
    data = await writeIdx(cwd, { name: "train", images: 96, side });
  });
  afterAll(() => rm(cwd, { recursive: true, force: true }));

  it("writes the model that the function gives, prints a table, and reports it in a file that fits its schema", async () => {
    for (const [words, options] of [
      ["", {}],
      [
        ` --data ${data} --limit 80 --steps 8 --batch 16 --distance error --sigma 0.1 --device rram4 --seed 3`,
        undefined,
      ],
    ] as const) {
      const { code, stdout, stderr } = await neft(`equalise uneven.onnx -o out.onnx --json r.json${words}`);
      // A slow machine prints progress.
      expect([code, stderr.replaceAll(/^equalise: .*\n/gm, "")]).toEqual([0, ""]);
      expect(stdout).toMatch(/layer +weight +max\|W\|\/rms +after/);
      expect(stdout).toMatch(/f1 +f1\.weight +[\d.]+ +[\d.]+/);
      expect(stdout).toMatch(/f2 +f2\.weight .*an output of the network/);
      expect(stdout).toContain("variance of the outputs, predicted");
      expect(stdout).toContain("out.onnx holds");
      const {
        settings,
        result,
        out,
        model: original,
        data: record,
        run,
        roundings,
      } = equalisationFile(await json("r.json"));
      expect(record?.samples).toBe(options ? undefined : 80);
      expect([roundings, run.workers]).toEqual([[], 1]);
      const { model } = await readModel(join(cwd, "uneven.onnx"));
      const [images, labels] = ["images", "labels"].map((what) => join(cwd, `train-${what}`));
      const samples = options
        ? undefined
        : take(await readDataset({ kind: "idx", images: images!, labels: labels! }), 80);
      const { settings: used, ...expected } = await equalise(model, { ...settings, data: samples });
      expect(result).toMatchObject(expected);
      expect(settings).toMatchObject(JSON.parse(JSON.stringify({ ...used, device: used.device.id })));
      const { sha256, model: written } = await readModel(join(cwd, "out.onnx"));
      expect(sha256).toBe(out!.sha256);
      expect(sha256).not.toBe(original.sha256);
      expect(new Uint8Array(await readFile(join(cwd, "out.onnx")))).toEqual(exportOnnx(model));
      model.dispose();
      written.dispose();
    }
  });

  it("with --dry-run prints what would change, and writes no model", async () => {
    const before = await readdir(cwd);
    const dry = await neft(`equalise uneven.onnx --dry-run --data ${data} --steps 8`);
    expect(dry.code).toBe(0);
    expect(dry.stdout).toMatch(
      /distance from the clean network \(kl\) at σ 0\.2, on 64 samples and 16 chips: .* before, .* after/,
    );
    expect(dry.stdout).toContain("dry run: no model was written");
    expect(await readdir(cwd)).toEqual(before);
    expect((await neft("equalise uneven.onnx --dry-run -o other.onnx --json d.json")).code).toBe(0);
    expect(equalisationFile(await json("d.json")).out).toBeUndefined();
    expect(await readdir(cwd)).not.toContain("other.onnx");
  });

  it("writes the same bytes where nothing is gained, and says so", async () => {
    const net = new GraphBuilder("single", { seed: 1 });
    const single = net.build({ logits: net.linear(net.flatten(net.input("image", [1, side, side])), { outputs: 4 }) });
    await writeFile(join(cwd, "single.onnx"), exportOnnx(single));
    single.dispose();
    const { code, stdout } = await neft("equalise single.onnx -o same.onnx --json t.json");
    expect(code).toBe(0);
    expect(stdout).toContain("equalised: no channel was rescaled, because none has a free factor\n");
    expect(stdout).toContain('same.onnx holds "single" as it was');
    const [before, after] = await Promise.all(["single.onnx", "same.onnx"].map((name) => readFile(join(cwd, name))));
    expect(after).toEqual(before);
    const { result, model, out } = equalisationFile(await json("t.json"));
    expect([result.method, out!.sha256]).toEqual(["none", model.sha256]);
  });

  it("writes nothing after Ctrl-C", async () => {
    const words = `equalise uneven.onnx -o stopped.onnx --json s.json --data ${data} --steps 100000`.split(" ");
    const { code, stdout, stderr } = await runNeft(words, { cwd, interrupt: { text: " left", signal: "SIGINT" } });
    expect([code, stdout]).toEqual([130, ""]);
    expect(stderr).toMatch(/^equalise: \d+\/\d+ steps, .* left$/m);
    expect(stderr).toContain("neft equalise: stopped before the end; nothing was written\n");
    expect((await readdir(cwd)).filter((name) => /stopped|s\.json|partial/.test(name))).toEqual([]);
  });

  it.each([
    [
      "equalise uneven.onnx",
      2,
      "--out: expected the path of the ONNX file to write, got none; only --dry-run needs none",
    ],
    ["equalise uneven.onnx -o uneven.onnx", 2, "--out: expected a different file from the input"],
    ["equalise uneven.onnx -o a.onnx --json a.onnx", 2, "--json: expected a different file from --out"],
    ["equalise uneven.onnx -o a.onnx --sigma 0.1,0.2", 2, "--sigma: expected"],
    ["equalise uneven.onnx -o a.onnx --distance l2", 2, "--distance: expected"],
    ["equalise uneven.onnx -o a.onnx --device none", 2, "--device: expected"],
    ["equalise uneven.onnx -o a.onnx --cell-bits 3 --weight-bits 8 --device ideal --steps -1", 2, "--steps: expected"],
    ["equalise uneven.onnx -o a.onnx --data idx:nothing", 1, "nothing"],
    ["equalise missing.onnx -o a.onnx", 1, "missing.onnx"],
    ["equalise truncated.onnx -o a.onnx", 1, "expected"],
    ["equalise uneven.onnx -o a.onnx --chips 3", 2, "unknown option '--chips'"],
  ])("%s ends with %i", async (words, code, message) => {
    const outcome = await neft(words);
    expect(outcome.stderr).toContain(message);
    expect(outcome.code).toBe(code);
    expect(await readdir(cwd)).not.toContain("a.onnx");
  });

  it("is a part of finetune, which records it", async () => {
    const { code, stdout } = await neft(
      `finetune uneven.onnx --data ${data} --equalise --batch 16 --strategy none -o f.onnx --json f.json`,
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^equalised: .*; 40 free factors$/m);
    const { settings, result } = finetuningFile(await json("f.json"));
    expect(settings.equalise).toBe(true);
    expect(result.equalised!.distance!.after).toBeLessThan(result.equalised!.distance!.before);
  });
});
