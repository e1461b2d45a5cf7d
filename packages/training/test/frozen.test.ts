import { rram1 } from "@neft/crossbar";
import { makeDataset, take } from "@neft/data";
import { init } from "@neft/kernels";
import { GraphBuilder, Model, modelToRecord } from "@neft/model";
import { parameter } from "@neft/tensor";
import { type FinetuneOptions, type FinetuneResult, finetune } from "@neft/training";
import { beforeAll, describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";
import { cloningWorkers } from "./workers.js";

type Settings = Partial<Omit<FinetuneOptions, "model">>;
let shared: Omit<FinetuneOptions, "model">;

beforeAll(async () => {
  await init();
  const data = toyImages(120);
  const validation = { images: 40, chips: 1 };
  shared = {
    data,
    normalisation: toyNormalisation(data),
    device: rram1,
    sigma: 0.1,
    batch: 20,
    learningRate: 0.01,
    validation,
    strategy: { id: "noise-injection" },
  };
});

/** Names of the parameters that one run of finetuning changed, independent of which weights were best. */
async function moved(model: Model, settings: Settings): Promise<{ names: string[]; result: FinetuneResult }> {
  const before = modelToRecord(model).parameters;
  const controller = new AbortController();
  // After an abort before new weights are validated, the model keeps those of the last step.
  const result = await finetune({
    ...shared,
    ...settings,
    model,
    signal: controller.signal,
    onProgress: ({ kind, step }) => {
      if (kind === "step" && step === 2) controller.abort();
    },
  });
  expect(result.best).toBeNull();
  const after = modelToRecord(model).parameters;
  const names = after.flatMap(({ name, data }, i) =>
    data.every((value, at) => value === before[i]!.data[at]) ? [] : [name],
  );
  return { names, result };
}

const all = ["conv1.weight", "conv1.bias", "norm1.weight", "norm1.bias", "norm1.mean", "norm1.variance"];

describe("freeze", () => {
  it("of no names trains all parameters", async () => {
    const model = toyNet({ batchNorm: true });
    const { names } = await moved(model, {});
    expect(names).toEqual([...model.parameters.keys()]);
    expect(names).toEqual(expect.arrayContaining(all.slice(0, 2)));
    model.dispose();
  });

  it.each<[string, string[], (name: string) => boolean]>([
    ["a parameter", ["conv1.weight"], (name) => name === "conv1.weight"],
    ["a layer with all of its parameters", ["conv1"], (name) => name.startsWith("conv1.")],
    ["a norm with its statistics", ["norm1"], (name) => name.startsWith("norm1.")],
    ["names with *", ["conv*", "*.bias"], (name) => name.startsWith("conv") || name.endsWith(".bias")],
    ["the weight in a name with two *", ["*1*weight"], (name) => /1.*weight$/.test(name)],
  ])("keeps %s with clipping, on workers and with any strategy", async (_, freeze, isFrozen) => {
    for (const settings of [
      {},
      { clip: 1 },
      { workers: cloningWorkers(2), shards: 2 },
      { strategy: { id: "irs", hidden: 4, taps: ["pool1", "pool2"].map((name) => `${name}.output`) } },
    ]) {
      const model = toyNet({ batchNorm: true });
      if ("strategy" in settings)
        settings.strategy!.taps = model.nodes.filter(({ op }) => op === "MaxPool").map(({ outputs }) => outputs[0]!);
      const names = [...model.parameters.keys()];
      const { names: got, result } = await moved(model, { ...settings, freeze });
      expect(got).toEqual(names.filter((name) => !isFrozen(name)));
      expect(names.some(isFrozen)).toBe(true);
      expect(result.settings.freeze).toEqual(freeze);
      model.dispose();
    }
  });

  it("keeps an array weight that a layer reads through a view", async () => {
    // dec reads the weight of enc transposed; head trains.
    const model = toyNet();
    const node = (name: string, op: string, inputs: string[], attributes = {}) => ({
      name,
      op,
      inputs,
      attributes,
      outputs: [`${name}.y`],
    });
    const tied = new Model({
      name: "tied",
      inputs: model.inputs,
      outputs: [{ name: "head.y", dtype: "f32", shape: ["N", 4] }],
      nodes: [
        node("flat", "Flatten", ["image"], { axis: 1 }),
        node("enc", "MatMul", ["flat.y", "w"]),
        node("turn", "Transpose", ["w"], { perm: [1, 0] }),
        node("dec", "MatMul", ["enc.y", "turn.y"]),
        node("head", "MatMul", ["dec.y", "v"]),
      ],
      parameters: new Map([
        ["w", parameter(new Float32Array(64 * 6).fill(0.1), [64, 6])],
        ["v", parameter(new Float32Array(64 * 4).fill(0.1), [64, 4])],
      ]),
      constants: new Map(),
    });
    const { names } = await moved(tied, { freeze: ["dec"], validation: { images: 20, chips: 1 } });
    expect(names).toEqual(["v"]);
    tied.dispose();
    model.dispose();
  });

  it("with all batch norms frozen, equals a run with frozen statistics", async () => {
    const [one, other] = [toyNet({ batchNorm: true }), toyNet({ batchNorm: true })];
    await finetune({ ...shared, model: one, freeze: ["norm1"] });
    const normParameters = one.nodes.find(({ op }) => op === "BatchNormalization")!.inputs.slice(1, 3);
    await finetune({ ...shared, model: other, freeze: normParameters, batchNorm: "frozen" });
    expect(modelToRecord(one).parameters).toEqual(modelToRecord(other).parameters);
    one.dispose();
    other.dispose();
  });

  it.each<[unknown, RegExp]>([
    [["conv3"], /^freeze: expected names of parameters or layers, such as conv[12], conv[12], .*, got "conv3"$/],
    [["conv1.wieght"], /such as conv1\.weight, .*got "conv1\.wieght"/],
    [["x*y"], /got "x\*y"/],
    [["*"], /^freeze: expected at least one parameter left to train, got all parameters frozen$/],
    [["*.weight", "*.bias"], /left to train/],
    ["conv1", /^freeze: expected a list of names, got "conv1"$/],
    [[""], /^freeze: expected a name, got ""$/],
    [[1], /^freeze: expected a name, got 1$/],
  ])("refuses %j", async (freeze, message) => {
    const model = toyNet();
    await expect(finetune({ ...shared, model, freeze: freeze as string[] })).rejects.toThrow(message);
    model.dispose();
  });
});

/** Two linear layers with a batch norm of one value per channel between them. */
function flatNet(momentum = 0.9): Model {
  const net = new GraphBuilder("flat", { seed: 1 });
  const hidden = net.linear(net.input("x", [6]), { name: "fc1", outputs: 8 });
  const normed = net.batchNorm(hidden, { name: "norm1", momentum });
  return net.build({ logits: net.linear(net.relu(normed), { name: "fc2", outputs: 3 }) });
}

describe("batch statistics", () => {
  const samples = (count: number) =>
    makeDataset("flat", {
      name: "flat",
      values: Float32Array.from({ length: 6 * count }, (_, i) => ((i * 37) % 17) / 8),
      labels: Array.from({ length: count }, (_, i) => i % 3),
      shape: [6],
    });
  const train = (model: Model, count: number, settings: Settings) => {
    const data = samples(count + 2);
    const validation = { images: 2, chips: 1 };
    return finetune({ ...shared, data, normalisation: toyNormalisation(data), validation, ...settings, model });
  };

  it.each<[string, number, Settings, RegExp | undefined]>([
    [
      "a last batch of 1",
      9,
      { batch: 4, dropLast: false },
      /got 1 from an epoch's last batch of 1 in 1 shard; leave it out \(see dropLast\), or .*\(batchNorm frozen\)$/,
    ],
    ["a last batch of 1 that is left out", 9, { batch: 4 }, undefined],
    ["a last batch of 1 with frozen statistics", 9, { batch: 4, dropLast: false, batchNorm: "frozen" }, undefined],
    ["a last batch of 1 with frozen norms", 9, { batch: 4, dropLast: false, freeze: ["norm1"] }, undefined],
    ["a last batch of 2", 10, { batch: 4, dropLast: false }, undefined],
    ["a last batch of 2 in 2 shards", 10, { batch: 4, dropLast: false, shards: 2 }, /last batch of 2 in 2 shards/],
    ["a last batch of 1 in 2 shards", 9, { batch: 4, dropLast: false, shards: 2 }, /last batch of 1 in 2 shards/],
    ["a last batch of 3 in 2 shards", 11, { batch: 4, dropLast: false, shards: 2 }, /last batch of 3 in 2 shards/],
    ["a last batch of 4 in 2 shards", 12, { batch: 8, dropLast: false, shards: 2 }, undefined],
    [
      "whole batches in shards of 1",
      8,
      { batch: 4, shards: 4 },
      /got 1 from batches of 4 in 4 shards; raise batch, or/,
    ],
    ["whole batches in shards of 1 and 2", 10, { batch: 5, shards: 3 }, /got 1 from batches of 5 in 3 shards/],
    ["batches of 1", 6, { batch: 1 }, /got 1 from batches of 1 in 1 shard; raise batch/],
    ["less than a batch", 1, { batch: 4, dropLast: false }, /last batch of 1 in 1 shard/],
  ])("%s", async (_, count, settings, message) => {
    const model = flatNet();
    const before = modelToRecord(model).parameters;
    const steps: unknown[] = [];
    const run = train(model, count, { ...settings, onProgress: (progress) => steps.push(progress) });
    if (message === undefined) expect((await run).ended.reason).toBe("finished");
    else {
      await expect(run).rejects.toThrow(message);
      expect(steps).toEqual([]);
      expect(modelToRecord(model).parameters).toEqual(before);
    }
    model.dispose();
  });

  it("can come from a single image", async () => {
    const model = toyNet({ batchNorm: true });
    const data = take(toyImages(40), 33);
    const result = await finetune({
      ...shared,
      data,
      batch: 8,
      dropLast: false,
      validation: { images: 8, chips: 1 },
      model,
    });
    expect(result.ended.reason).toBe("finished");
    model.dispose();
  });

  it("can come from a single sample if the network folds other axes into the first one", async () => {
    const net = new GraphBuilder("folded", { seed: 1 });
    const reshape = (x: string, to: bigint) =>
      net.node("Reshape", [x, net.constant(`to${to}`, BigInt64Array.of(-1n, to), [2], "i64")]);
    const halves = reshape(net.input("x", [6]), 3n);
    const normed = net.batchNorm(net.linear(halves, { name: "fc1", outputs: 4 }), { name: "norm1" });
    const model = net.build({ logits: net.linear(reshape(normed, 8n), { name: "fc2", outputs: 3 }) });
    expect((await train(model, 9, { batch: 4, dropLast: false })).ended.reason).toBe("finished");
    model.dispose();
  });

  it("are replaced by the running ones if the momentum is 1", async () => {
    const [still, frozen] = [flatNet(1), flatNet(1)];
    const result = await train(still, 20, { batch: 5 });
    expect(result.warnings).toEqual([
      'batch normalisation of "norm1": a momentum of 1 never updates the running statistics, so they were used in training, as with batchNorm frozen',
    ]);
    const quiet = await train(frozen, 20, { batch: 5, batchNorm: "frozen" });
    expect(quiet.warnings).toEqual([]);
    expect(modelToRecord(still).parameters).toEqual(modelToRecord(frozen).parameters);
    still.dispose();
    frozen.dispose();
  });

  it.each([-0.1, 1.1])("with a momentum of %f are refused", async (momentum) => {
    const model = flatNet(momentum);
    await expect(train(model, 20, { batch: 5 })).rejects.toThrow(
      `node "norm1" (BatchNormalization): momentum: expected 0 to 1, got ${momentum}; train with the running statistics: batchNorm frozen`,
    );
    expect((await train(model, 20, { batch: 5, batchNorm: "frozen" })).ended.reason).toBe("finished");
    model.dispose();
  });
});
