import { copyFile, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { evaluate, finetune, init, readDataset, readModel } from "neft";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runNeft } from "./fixtures.js";
import { evaluationFile, finetuningFile } from "./results-file.js";

const own = new URL("golden/", import.meta.url);
const ofData = new URL("../../data/test/golden/", import.meta.url);

let cwd: string;
const neft = (words: string) => runNeft(words.split(" "), { cwd });
const json = async (file: string): Promise<unknown> => JSON.parse(await readFile(join(cwd, file), "utf8"));

beforeAll(async () => {
  await init();
  cwd = await mkdtemp(join(tmpdir(), "neft-real-"));
  for (const folder of [own, ofData])
    for (const file of await readdir(folder)) await copyFile(new URL(file, folder), join(cwd, file));
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

const parameter = async (file: string, name: string): Promise<Float32Array> => {
  const { model } = await readModel(join(cwd, file));
  const values = model.parameters.get(name)!.toArray() as Float32Array;
  model.dispose();
  return values;
};

describe("an archive with a training and a test part", () => {
  it("is finetuned on the training part and evaluated on the test part, and both report it", async () => {
    const trained = await neft(
      "finetune keras.onnx --data npz:keras.npz --batch 8 --workers 1 -o k.onnx --json k.json",
    );
    expect(trained.stderr).toContain('data: 120 samples of keras.npz: "x_train" and "y_train"\n');
    expect(finetuningFile(await json("k.json")).data).toEqual({
      name: "keras.npz",
      samples: 120,
      arrays: ["x_train", "y_train"],
    });
    const tried = await neft(
      "evaluate keras.onnx --data npz:keras.npz --chips 2 --sigma 0.1 --workers 1 --json e.json",
    );
    expect(tried.stderr).toContain('data: 30 samples of keras.npz: "x_test" and "y_test"\n');
    const { data, results } = evaluationFile(await json("e.json"));
    expect(data).toEqual({ name: "keras.npz", samples: 30, arrays: ["x_test", "y_test"] });
    const [low, high] = results[0]!.accuracy.ci95!;
    expect(low >= 0 && high <= 100).toBe(true);
    const named = await neft("evaluate keras.onnx --data npz:keras.npz#train --chips 1 --sigma 0 --workers 1");
    expect(named.stderr).toContain('"x_train" and "y_train"');
  });
});

it("booleans give the same results as the same samples in floats", async () => {
  const tables = [];
  for (const name of ["bool", "zerosAndOnes"]) {
    const { stdout, code } = await neft(
      `evaluate zerosAndOnes.onnx --data npz:${name}.npz --sigma 0.1 --chips 2 --workers 1`,
    );
    expect(code).toBe(0);
    tables.push(stdout.replace(`${name}.npz`, ""));
  }
  expect(tables[0]).toBe(tables[1]);
  expect(tables[0]).toMatch(/^digital +100\.00 /m);
});

it("a last batch of one sample is refused before the first step, with a remedy", async () => {
  const words = "finetune lastBatchOfOne.onnx --data npz:lastBatchOfOne.npz --batch 4 --workers 1 -o b.onnx";
  const { code, stderr } = await neft(`${words} --keep-partial`);
  expect(code).toBe(1);
  expect(stderr).toMatch(
    /--batch: expected two samples or more .* last batch of 1 in 1 shard; .*\(see --keep-partial\).*\(--bn frozen\)/,
  );
  expect(stderr).not.toContain("after step");
  for (const way of ["", " --keep-partial --bn frozen"]) expect((await neft(words + way)).code).toBe(0);
});

it("a blur kernel keeps its values with --clip, and exactly with --freeze", async () => {
  const words =
    "finetune blurKernel.onnx --data npz:blurKernel.npz --batch 48 --lr 1e-6 --clip 2 --strategy noise-injection --workers 1";
  const { model } = await readModel(join(cwd, "blurKernel.onnx"));
  const name = [...model.parameters].find(([, { shape }]) => shape.length === 4)![0];
  model.dispose();
  const before = await parameter("blurKernel.onnx", name);
  expect((await neft(`${words} -o c.onnx`)).code).toBe(0);
  for (const weight of await parameter("c.onnx", name)) expect(weight).toBeCloseTo(1 / 9, 4);
  expect((await neft(`${words} --lr 0.01 --freeze ${name} -o f.onnx --json f.json`)).code).toBe(0);
  expect(await parameter("f.onnx", name)).toEqual(before);
  expect(finetuningFile(await json("f.json")).settings.freeze).toEqual([name]);
  const { code, stderr } = await neft(`${words} --freeze ${name}x -o g.onnx`);
  expect(code).toBe(1);
  expect(stderr).toContain(`--freeze: expected names of parameters or layers, such as ${name}, `);
});

it("a momentum of 1 gives a warning", async () => {
  const words = "finetune momentumOne.onnx --data npz:momentumOne.npz --batch 8 --workers 1 -o m.onnx";
  const { code, stderr } = await neft(`${words} --json m.json`);
  expect(code).toBe(0);
  expect(stderr).toMatch(
    /^neft: warning: batch normalisation of ".*": a momentum of 1 never updates the running statistics/m,
  );
  expect(finetuningFile(await json("m.json")).result.warnings).toHaveLength(1);
  expect((await neft(`${words} --bn frozen`)).stderr).not.toContain("warning");
});

it("evaluate and finetune check dataset and device objects", async () => {
  const { model } = await readModel(join(cwd, "zerosAndOnes.onnx"));
  const data = await readDataset(`npz:${join(cwd, "bool.npz")}`);
  const device = { id: "mine", summary: "", technology: "", bitsPerCell: 2, source: { cite: "none" } };
  const levels = { kind: "levels", sigma: [1, 1, 1, 1], share: [0.25, 0.25, 0.25, 0.25] };
  for (const run of [evaluate, finetune] as unknown as ((...given: unknown[]) => Promise<unknown>)[]) {
    for (const [change, message] of [
      [{ labels: [...data.labels] }, "labels: expected an Int32Array"],
      [{ layout: "X" }, "layout: expected NCHW or NHWC"],
      [{ shape: [-6] }, "shape: expected a list of whole numbers ≥ 1"],
      [{ values: data.values.map(() => Number.NaN) }, "expected finite values, got NaN in sample 0"],
    ] as const) {
      await expect(run(model, { ...data, ...change })).rejects.toThrow(message);
    }
    for (const [programming, message] of [
      [{ ...levels, sigma: [1, 2, 3, 4] }, 'device "mine": programming.sigma: expected four numbers'],
      [{ kind: "other" }, 'device "mine": programming: expected a record of kind exact, levels,'],
    ] as const) {
      await expect(run(model, data, { device: { ...device, programming } })).rejects.toThrow(message);
    }
    await expect(run(model, data, { device: { ...device, programming: levels, source: {} } })).rejects.toThrow(
      "source.cite",
    );
    await expect(run(model, data, { device: { programming: levels } })).rejects.toThrow("device without an id");
  }
  await expect(finetune(model, data, { validationData: { ...data, layout: "X" as never } })).rejects.toThrow("layout");
  const good = await evaluate(model, data, {
    chips: 2,
    sigma: 0.1,
    device: { ...device, programming: levels } as never,
  });
  expect(good.results[0]!.accuracy).toEqual(
    (await evaluate(model, data, { chips: 2, sigma: 0.1, device: "rram1" })).results[0]!.accuracy,
  );
  model.dispose();
});
