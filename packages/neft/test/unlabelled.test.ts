import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import {
  createSession,
  type Dataset,
  evaluate,
  exportOnnx,
  finetune,
  GraphBuilder,
  importOnnx,
  init,
  type Model,
  makeDataset,
  predict,
  readDataset,
  readInputs,
  take,
} from "neft";
import { parseResults } from "neft/results";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { npy, npz } from "../../data/test/formats.js";
import { type Outcome, runNeft, writeIdx, writeModels } from "./fixtures.js";

/** Evaluations and finetunings without labels: functions, sessions and the command, with the same numbers. */

let cwd: string;
let images: string;
const path = (name: string): string => join(cwd, name);
const neft = (...words: string[]): Promise<Outcome> => runNeft(words, { cwd });

/** Ids and an image; two outputs. */
function twoInputs(): Model {
  const net = new GraphBuilder("two", { seed: 4 });
  const image = net.relu(net.conv2d(net.input("image", [1, 5, 5]), { name: "c1", outputs: 3, kernel: 3 }));
  const hidden = net.relu(net.linear(net.input("features", [6]), { name: "f1", outputs: 9 }));
  const both = net.add(hidden, net.linear(net.flatten(image), { name: "f2", outputs: 9 }));
  return net.build({ map: image, value: net.linear(both, { name: "f3", outputs: 3 }) });
}

const wave = (count: number, phase: number): Float32Array =>
  Float32Array.from({ length: count }, (_, i) => ((i * 37 + phase * 11) % 64) / 32 - 1);

const count = 24;
const inputs = (): Record<string, Dataset> => ({
  image: makeDataset("image", { name: "in.npz#image", values: wave(count * 25, 1), shape: [1, 5, 5] }),
  features: makeDataset("features", { name: "in.npz#features", values: wave(count * 6, 2), shape: [6] }),
});

const chips = { sigma: [0, 0.2], chips: 6, seed: 3 };
const training = {
  strategy: "distillation",
  sigma: 0.1,
  epochs: 20,
  batch: 6,
  shards: 2,
  learningRate: 3e-3,
  validation: { images: 6, chips: 2, every: 20 },
};

beforeAll(async () => {
  await init();
  cwd = await mkdtemp(join(tmpdir(), "neft-unlabelled-"));
  await writeModels(cwd);
  [images] = (await writeIdx(cwd, { name: "test", images: 60 })).split(",") as [string];
  await writeFile(path("two.onnx"), exportOnnx(twoInputs()));
  const { image, features } = inputs();
  const arrays = {
    image: npy("<f4", [count, 1, 5, 5], image!.values),
    features: npy("<f4", [count, 6], features!.values),
  };
  await writeFile(path("in.npz"), npz(arrays));
  await writeFile(path("image.npz"), npz({ image: arrays.image }));
  await writeFile(path("image.npy"), arrays.image);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

describe("samples without labels", () => {
  it("are read from IDX, npy, npz, and archives with an array for each input", async () => {
    const [idx, whole, alone, named] = await Promise.all([
      readDataset({ kind: "idx", images: path("test-images") }),
      readDataset(`npy:${path("image.npy")}`),
      readDataset(`npz:${path("image.npz")}`),
      readDataset(`npz:${path("in.npz")}#image,`),
    ]);
    expect(idx).toMatchObject({ count: 60, shape: [1, 6, 6], classes: 0, bytes: true });
    for (const data of [whole!, alone!, named!]) {
      expect(data).toMatchObject({ count, shape: [1, 5, 5], classes: 0, labels: new Int32Array(0) });
      expect(data.values).toEqual(inputs().image!.values);
    }
    expect(named!.arrays).toEqual(["image"]);
    expect(await readInputs(path("in.npz"))).toEqual(
      Object.fromEntries(
        Object.entries(inputs()).map(([name, data]) => [name, { ...data, name: `${path("in.npz")}#${name}` }]),
      ),
    );
  });

  it("are refused where labels are read, with what works without them", async () => {
    const data = await readDataset(`npy:${path("image.npy")}`);
    const net = new GraphBuilder("net", { seed: 1 });
    const model = net.build({ y: net.linear(net.flatten(net.input("image", [1, 5, 5])), { outputs: 3 }) });
    const message = "expected a label for each sample, got samples without labels; without labels, evaluate with";
    await expect(evaluate(model, data)).rejects.toThrow(message);
    await expect(finetune(model, data)).rejects.toThrow(message);
    const several =
      'data: expected one dataset with labels, got a dataset for each of "image", "features"; without labels,';
    await expect(evaluate(model, inputs() as never)).rejects.toThrow(`evaluate: ${several}`);
    await expect(finetune(model, inputs())).rejects.toThrow(`finetune: ${several}`);
    expect(predict(model, data).shape).toEqual([count, 3]);
    model.dispose();
  });

  it.each<[string, () => unknown, string]>([
    ["one dataset for two inputs", () => inputs().image, '("image", "features"), got one dataset'],
    ["no dataset for an input", () => ({ image: inputs().image }), 'got none for "features"'],
    ["a dataset for no input", () => ({ ...inputs(), other: inputs().image }), 'got one for "other"'],
    ["something else", () => ({ ...inputs(), image: 3 }), 'evaluate: data: "image": expected a dataset, got 3'],
    ["no datasets", () => ({}), "expected a dataset, or a dataset for each input by name, got an object"],
    [
      "other numbers of samples",
      () => ({ ...inputs(), image: take(inputs().image!, 3) }),
      'samples: expected as many for each input, or one for all, got 3 for "image" and 24 for "features"',
    ],
  ])("don't fit: %s", async (_, data, message) => {
    const model = twoInputs();
    await expect(evaluate(model, data() as never, { reference: "clean" })).rejects.toThrow(message);
    model.dispose();
  });
});

describe("a network with states and a rate", () => {
  const resolved = createRequire(import.meta.url).resolve("@ricky0123/vad-web/package.json");
  const file = join(dirname(resolved), "dist/silero_vad_v5.onnx");
  const clips = 4;
  const [sound, states] = [wave(clips * 576, 1), wave(2 * clips * 128, 2)];
  /** States as the network takes them, [2, clips, 128], with a clip's two layers together: [clips, 2, 128]. */
  const ofClips = Float32Array.from({ length: states.length }, (_, i) => {
    const [clip, layer, unit] = [Math.floor(i / 256), Math.floor(i / 128) % 2, i % 128];
    return states[(layer * clips + clip) * 128 + unit]!;
  });
  const input = makeDataset("input", { name: "input", values: sound, shape: [576] });
  const state = makeDataset("state", { name: "state", values: ofClips, shape: [2, 128] });
  const sr = makeDataset("sr", { name: "sr", values: Float32Array.of(16_000), shape: [1] });

  it("finds where its samples are, or takes a name that says it", async () => {
    const model = importOnnx(await readFile(file));
    const settings = { reference: "clean", sigma: 0.02, chips: 2, seed: 3 } as const;
    const found = await evaluate(model, { input, state, sr }, settings);
    expect(found.results[0]!.relativeError.mean).toBeGreaterThan(0);
    expect(await evaluate(model, { "input@0": input, "state@1": state, sr }, { ...settings, workers: 2 })).toEqual(
      found,
    );
    const arrays = {
      input: npy("<f4", [clips, 576], sound),
      "state@1": npy("<f4", [2, clips, 128], states),
      sr: npy("<i8", [], BigInt64Array.of(16_000n)),
    };
    await writeFile(path("voice.npz"), npz(arrays));
    const words = ["--data", "inputs:voice.npz", "--sigma", "0.02", "--chips", "2", "--seed", "3"];
    const { code } = await neft("evaluate", file, ...words, "--reference", "clean", "--json", "voice.json");
    expect(code).toBe(0);
    const written = parseResults(await readFile(path("voice.json"), "utf8"));
    expect(written).toMatchObject({
      kind: "deviation",
      results: found.results,
      data: { samples: clips, arrays: ["input", "state@1", "sr"] },
    });
    model.dispose();
  });

  it.each<[string, Record<string, Dataset>, string]>([
    ["an axis that the input lacks", { input, "state@4": state, sr }, "expected an axis of [2, state_1, 128]"],
    ["two datasets for an input", { input, state, "state@1": state, sr }, 'got two for "state"'],
    ["a name without an input", { input, "other@1": state, sr }, 'got none for "state"'],
    ["an input too many", { input, state, "other@1": state, sr }, 'got one for "other@1"'],
  ])("refuses %s", async (_, data, message) => {
    const model = importOnnx(await readFile(file));
    await expect(evaluate(model, data, { reference: "clean" })).rejects.toThrow(message);
    model.dispose();
  });

  it("refuses a name that may mean two inputs", async () => {
    const net = new GraphBuilder("net", { seed: 1 });
    const y = net.add(
      net.linear(net.input("a@1", [4]), { outputs: 2 }),
      net.linear(net.input("b", [4]), { outputs: 2 }),
    );
    const model = net.build({ y });
    const data = makeDataset("a", { name: "a", values: wave(12, 1), shape: [4] });
    await expect(evaluate(model, { "a@1": data, b: data }, { reference: "clean" })).rejects.toThrow(
      'expected "a@1@0", because a name that ends in @ and a number says on which axis of the input the samples are',
    );
    const { results } = await evaluate(model, { "a@1@0": data, b: data }, { reference: "clean", chips: 2 });
    expect(results).toHaveLength(3);
    model.dispose();
  });

  it("trains, with the same rate in training and validation", async () => {
    const model = importOnnx(await readFile(file));
    const settings = { strategy: "distillation", sigma: 0.005, batch: 2, learningRate: 1e-5, seed: 3 } as const;
    const held = { ...settings, validation: { images: 2, chips: 1 } };
    expect((await finetune(model, { input, state, sr }, held)).ended).toEqual({ reason: "finished" });
    const validationData = { input: take(input, 2), state: take(state, 2), sr };
    const given = await finetune(model, { input, state, sr }, { ...settings, validationData });
    expect(given.ended).toEqual({ reason: "finished" });
    model.dispose();
  });
});

describe("without labels", () => {
  it("evaluate gives the same numbers with workers, in a session and from the command", async () => {
    const model = twoInputs();
    const alone = await evaluate(model, inputs(), { ...chips, reference: "clean" });
    expect(alone.results[0]!.relativeError.mean).toBe(0);
    expect(alone.results[1]!.relativeError.mean).toBeGreaterThan(0);
    expect(await evaluate(model, inputs(), { ...chips, reference: "clean", workers: 2 })).toEqual(alone);
    const session = await createSession({ workers: 2 });
    const network = await session.importOnnx(exportOnnx(model));
    const [image, features] = await Promise.all(Object.values(inputs()).map((data) => session.addDataset(data)));
    const samples = { image: image!, features: features! };
    const relative: number[] = [];
    const onProgress = ({ relativeErrors = [] }: { readonly relativeErrors?: readonly number[] }) =>
      void relative.push(...relativeErrors);
    expect(await session.evaluate(network, samples, { ...chips, reference: "clean", onProgress })).toEqual(alone);
    expect(relative).toHaveLength(12);
    await session.close();
    model.dispose();

    const words = ["--sigma", "0,0.2", "--chips", "6", "--seed", "3", "--reference", "clean", "--json", "d.json"];
    const { code, stdout, stderr } = await neft("evaluate", "two.onnx", "--data", "inputs:in.npz", ...words);
    expect(stderr).not.toContain("neft:");
    expect(code).toBe(0);
    expect(stdout).toMatch(/24 samples of in\.npz[\s\S]*relative error[\s\S]*map[\s\S]*value/);
    const file = parseResults(await readFile(path("d.json"), "utf8"));
    if (file.kind !== "deviation") throw new Error(`expected a deviation, got ${file.kind}`);
    expect(file.results).toEqual(alone.results);
    expect(file.data).toEqual({ name: "in.npz", samples: count, arrays: ["image", "features"] });
    // The recorded settings give the same results.
    const again = await evaluate(importOnnx(await readFile(path("two.onnx"))), inputs(), file.settings);
    expect(again).toEqual(alone);
  });

  it("the command evaluates images alone, and reports a precision that it missed", async () => {
    const words = ["evaluate", "tiny.onnx", "--data", images, "--sigma", "0.2", "--chips", "3"];
    const refused = await neft(...words);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain("expected a label for each sample, got samples without labels");
    const { code, stdout } = await neft(
      ...words,
      "--reference",
      "clean",
      "--precision",
      "0.0001",
      "--output",
      "logits",
    );
    expect(code).toBe(0);
    expect(stdout).toContain("agreement %");
    expect(stdout).toMatch(/σ 0\.2: expected ± 0\.0001 \(--precision\), got ± [\d.]+ from all 3 chips; raise --chips/);
  });

  it("finetune gives the same weights with workers, in a session and from the command", async () => {
    const bytes: Uint8Array[] = [];
    for (const workers of [undefined, 2]) {
      const model = twoInputs();
      const { ended, best, validations } = await finetune(model, inputs(), { ...training, workers });
      expect(ended.reason).toBe("finished");
      expect(best!.relativeError!).toBeLessThan(validations[0]!.relativeError!);
      bytes.push(exportOnnx(model));
      model.dispose();
    }
    expect(bytes[1]).toEqual(bytes[0]);

    const session = await createSession({ workers: 1 });
    const network = await session.importOnnx(await readFile(path("two.onnx")));
    const [image, features] = await Promise.all(Object.values(inputs()).map((data) => session.addDataset(data)));
    const { validations } = await session.finetune(network, { image: image!, features: features! }, training);
    await session.close();

    const words = ["--strategy", "distillation", "--sigma", "0.1", "--epochs", "20", "--batch", "6", "--shards", "2"];
    const more = [
      "--lr",
      "0.003",
      "--validation",
      "6",
      "--validation-chips",
      "2",
      "--json",
      "f.json",
      "-o",
      "out.onnx",
    ];
    const every = ["--validation-every", "20"];
    const { code, stdout } = await neft("finetune", "two.onnx", "--data", "inputs:in.npz", ...words, ...every, ...more);
    expect(code).toBe(0);
    expect(stdout).toMatch(/relative error 0\.\d{4} on the validation chips, relative error 0\.\d{4} before/);
    const file = parseResults(await readFile(path("f.json"), "utf8"));
    if (file.kind !== "finetuning") throw new Error(`expected a finetuning, got ${file.kind}`);
    expect(file.result.validations).toEqual(validations);
    expect(file.settings.strategy).toEqual({ id: "distillation", distance: "error", temperature: 1 });
  });
});
