import { rram1 } from "@neft/crossbar";
import { type Dataset, makeDataset, makeNormalisation } from "@neft/data";
import type { SampledInputs } from "@neft/evaluation";
import { init, memoryUse } from "@neft/kernels";
import { GraphBuilder, lenet5, Model, modelToRecord } from "@neft/model";
import { backward, normals, parameter, scope, stream, tensor } from "@neft/tensor";
import { distillationLoss, type FinetuneOptions, type FinetuneProgress, finetune } from "@neft/training";
import { describe, expect, it } from "vitest";
import { rate, recurrent, recurrentSamples } from "../../evaluation/test/recurrent.js";
import { toyImages, toyNet } from "../../evaluation/test/toy.js";
import { cloningWorkers } from "./workers.js";

// Rows of tests below draw samples.
await init();

function samples(count: number, shape: readonly number[], seed = 1): Dataset {
  const size = shape.reduce((product, n) => product * n, 1);
  const values = normals(stream(seed, { purpose: "test" }), count * size);
  return makeDataset("test", { name: `samples-${seed}`, values, shape });
}

const inputOf = (data: Dataset) => ({ data, normalisation: makeNormalisation(data, { scale: 1, layout: "NCHW" }) });

function multilayer(): Model {
  const net = new GraphBuilder("mlp", { seed: 2 });
  const x = net.relu(net.linear(net.input("x", [12]), { name: "f1", outputs: 32 }));
  return net.build({ y: net.linear(net.relu(net.linear(x, { name: "f2", outputs: 32 })), { name: "f3", outputs: 5 }) });
}

/** Two inputs; outputs of two shapes, one a hundred times larger. */
function regression(): Model {
  const net = new GraphBuilder("regression", { seed: 3 });
  const image = net.relu(net.conv2d(net.input("image", [2, 6, 6]), { name: "c1", outputs: 8, kernel: 3 }));
  const wide = net.relu(net.linear(net.input("wide", [10]), { name: "f1", outputs: 16 }));
  const both = net.relu(net.add(wide, net.linear(net.flatten(image), { name: "f2", outputs: 16 })));
  const map = net.conv2d(image, { name: "c2", outputs: 3, kernel: 1 });
  const hundred = net.constant("hundred", Float32Array.of(100), [1], "f32");
  return net.build({
    map: net.node("Mul", [map, hundred], {}, { name: "scaled" }),
    value: net.linear(both, { name: "f3", outputs: 1 }),
  });
}

interface Network {
  readonly make: () => Model;
  readonly inputs: () => SampledInputs;
}

const networks: Readonly<Record<string, Network>> = {
  "LeNet-5": { make: () => lenet5({ seed: 1 }), inputs: () => ({ image: inputOf(samples(48, [1, 28, 28])) }) },
  "an MLP": { make: multilayer, inputs: () => ({ x: inputOf(samples(64, [12])) }) },
  "two inputs and outputs": {
    make: regression,
    inputs: () => ({ image: inputOf(samples(64, [2, 6, 6])), wide: inputOf(samples(64, [10], 2)) }),
  },
};

type Given = Partial<FinetuneOptions>;

/** Finetunes a network towards its own outputs. Returns the losses and the result. */
async function distil({ make, inputs }: Network, given: Given = {}) {
  const model = make();
  const all = inputs();
  const losses: number[] = [];
  const result = await finetune({
    ...Object.values(all)[0]!,
    inputs: all,
    device: rram1,
    sigma: 0.2,
    strategy: "distillation",
    batch: 16,
    epochs: 30,
    learningRate: 3e-3,
    validation: { images: 16, chips: 3, every: 15 },
    ...given,
    model,
    onProgress: (progress: FinetuneProgress) => {
      if (progress.kind === "step") losses.push(progress.loss);
    },
  });
  const weights = modelToRecord(model).parameters;
  model.dispose();
  return { losses, result, weights };
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value / values.length, 0);

describe("distillation", () => {
  it.each(Object.entries(networks))("brings chips closer to the clean network: %s", async (_, network) => {
    const { losses, result } = await distil(network);
    expect(result.ended.reason).toBe("finished");
    expect(losses.every(Number.isFinite)).toBe(true);
    const third = Math.floor(losses.length / 3);
    expect(mean(losses.slice(-third))).toBeLessThan(mean(losses.slice(0, third)));
    const [first] = result.validations;
    expect(first).toEqual({ step: 0, relativeError: expect.any(Number) });
    expect(result.best!.relativeError!).toBeLessThan(first!.relativeError!);
    expect(result.best!.relativeError).toBe(Math.min(...result.validations.map(({ relativeError }) => relativeError!)));
    expect(result.settings.strategy).toEqual({ id: "distillation", distance: "error", temperature: 1 });
  });

  it("takes the divergence of class scores, at every temperature", async () => {
    for (const temperature of [1, 4]) {
      const { losses, result } = await distil(networks["an MLP"]!, {
        strategy: { id: "distillation", distance: "kl", temperature },
      });
      const third = Math.floor(losses.length / 3);
      expect(mean(losses.slice(-third))).toBeLessThan(mean(losses.slice(0, third)));
      expect(result.best!.relativeError!).toBeLessThan(result.validations[0]!.relativeError!);
    }
  });

  it("reads the scores before a final softmax for the divergence alone", async () => {
    const withSoftmax = (): Model => {
      const net = new GraphBuilder("mlp", { seed: 2 });
      const x = net.relu(net.linear(net.input("x", [12]), { name: "f1", outputs: 32 }));
      return net.build({ y: net.softmax(net.linear(x, { name: "f2", outputs: 5 }), { name: "last" }) });
    };
    const plain = (): Model => {
      const net = new GraphBuilder("mlp", { seed: 2 });
      const x = net.relu(net.linear(net.input("x", [12]), { name: "f1", outputs: 32 }));
      return net.build({ y: net.linear(x, { name: "f2", outputs: 5 }) });
    };
    const { inputs } = networks["an MLP"]!;
    for (const distance of ["kl", "error"] as const) {
      const given = { strategy: { id: "distillation", distance }, epochs: 2 };
      const [scores, probabilities] = [
        await distil({ make: plain, inputs }, given),
        await distil({ make: withSoftmax, inputs }, given),
      ];
      if (distance === "kl") expect(probabilities.losses).toEqual(scores.losses);
      else expect(probabilities.losses).not.toEqual(scores.losses);
    }
  });

  it("compares the scores before a final sigmoid, which trains where outputs are saturated", async () => {
    const saturated = (): Model => {
      const net = new GraphBuilder("gate", { seed: 2 });
      const x = net.relu(net.linear(net.input("x", [12]), { name: "f1", outputs: 32 }));
      const hundred = net.constant("hundred", Float32Array.of(100), [1], "f32");
      return net.build({ y: net.sigmoid(net.add(net.linear(x, { name: "f2", outputs: 3 }), hundred)) });
    };
    const network = { make: saturated, inputs: networks["an MLP"]!.inputs };
    const outputs = await distil(network, { epochs: 1 });
    expect(outputs.losses.every((loss) => loss === 0)).toBe(true);
    const { losses, result } = await distil(network, { compare: "logits" });
    const third = Math.floor(losses.length / 3);
    expect(mean(losses.slice(-third))).toBeLessThan(mean(losses.slice(0, third)));
    expect(result.best!.relativeError!).toBeLessThan(result.validations[0]!.relativeError!);
    expect(result.settings.compare).toBe("logits");
  });

  it("changes nothing without variation", async () => {
    const { losses, result, weights } = await distil(networks["two inputs and outputs"]!, { sigma: 0 });
    expect(losses.every((loss) => loss === 0)).toBe(true);
    expect(result.best).toEqual({ step: 0, relativeError: 0 });
    const model = regression();
    expect(weights).toEqual(modelToRecord(model).parameters);
    model.dispose();
  });

  it("gives the same bits for any number of workers, and frees its tensors", async () => {
    const network = networks["two inputs and outputs"]!;
    const { live } = memoryUse();
    const alone = await distil(network, { shards: 2, epochs: 3 });
    expect(memoryUse().live).toBe(live);
    for (const count of [1, 3]) {
      expect(await distil(network, { shards: 2, epochs: 3, workers: cloningWorkers(count, count) })).toEqual(alone);
    }
  });

  it("trains a network with a batch fixed at 1 sample by sample, as one with a free batch", async () => {
    const network = networks["an MLP"]!;
    const fixed = (): Model => {
      const model = multilayer();
      const flat = { name: "last", op: "Reshape", inputs: ["y", "size"], outputs: ["flat"], attributes: {} };
      return new Model({
        ...model,
        inputs: [{ name: "x", dtype: "f32", shape: [1, 12] }],
        outputs: [{ name: "flat", dtype: "f32", shape: [5] }],
        nodes: [...model.nodes, flat],
        constants: new Map([["size", tensor(BigInt64Array.of(-1n), [1], "i64")]]),
      });
    };
    const [free, alone] = [await distil(network), await distil({ ...network, make: fixed })];
    expect(alone.result.ended.reason).toBe("finished");
    expect(alone.result.validations[0]).toEqual(free.result.validations[0]);
    expect(alone.losses[0]).toBeCloseTo(free.losses[0]!, 4);
    expect(alone.losses.at(-1)).toBeCloseTo(free.losses.at(-1)!, 2);
    expect(alone.result.best!.relativeError!).toBeLessThan(alone.result.validations[0]!.relativeError!);
  });

  it("trains a network with states and one rate for all samples", async () => {
    const network = { make: recurrent, inputs: () => recurrentSamples(64) };
    const { result, losses } = await distil(network, { epochs: 10 });
    expect(result.best!.relativeError!).toBeLessThan(result.validations[0]!.relativeError!);
    expect(mean(losses.slice(-10))).toBeLessThan(mean(losses.slice(0, 10)));
    const given = await distil(network, { epochs: 1, validationInputs: recurrentSamples(5) });
    expect(given.result.validations).toHaveLength(2);
  });

  it.each<[string, readonly number[], string]>([
    ["another value", [3], "one for all samples, 3"],
    ["a value for each sample", [2, 2, 2], "one for each sample"],
  ])("refuses %s of an input that all training samples share", async (_, rates, got) => {
    const validationInputs = { ...recurrentSamples(3), rate: rate(rates) };
    await expect(distil({ make: recurrent, inputs: () => recurrentSamples(16) }, { validationInputs })).rejects.toThrow(
      `reads at "rate" as one for all samples, 2, got ${got}`,
    );
  });

  it("validates on given samples, and reads labelled ones without their labels", async () => {
    const data = toyImages(48);
    const normalisation = makeNormalisation(data);
    const model = toyNet({ batchNorm: true, dropout: true });
    const { best, ended } = await finetune({
      model,
      data,
      normalisation,
      validationData: toyImages(20, { seed: 5 }),
      strategy: "distillation",
      sigma: 0.1,
      batch: 16,
      epochs: 2,
    });
    expect(ended.reason).toBe("finished");
    expect(best!.relativeError).toBeGreaterThan(0);
    model.dispose();
  });
});

describe("settings of distillation", () => {
  const mlp = networks["an MLP"]!;
  const normalised = (): Model => {
    const net = new GraphBuilder("norms", { seed: 1 });
    const x = net.batchNorm(net.conv2d(net.input("x", [1, 4, 4]), { outputs: 2, kernel: 3 }), { name: "norm" });
    const axes = net.constant("axes", BigInt64Array.of(0n), [1], "i64");
    const y = net.node("ReduceMean", [net.flatten(x), axes], { keepdims: 1 }, { name: "mean" });
    return net.build({ y });
  };
  it.each<[string, Network, Given, string]>([
    ["settings of others", mlp, { strategy: { id: "distillation", beta: 1 } }, "expected no setting but"],
    [
      "another distance",
      mlp,
      { strategy: { id: "distillation", distance: "far" as "kl" } },
      "expected one of error, kl",
    ],
    [
      "a temperature of 0",
      mlp,
      { strategy: { id: "distillation", temperature: 0 } },
      "temperature: expected a number > 0",
    ],
    [
      "scores of one class",
      networks["two inputs and outputs"]!,
      { strategy: { id: "distillation", distance: "kl" }, output: "value" },
      'output "value": expected scores of two classes or more along the last axis for distance kl, got [N, 1]',
    ],
    [
      "probabilities that nodes change after the softmax",
      {
        make: () => {
          const net = new GraphBuilder("mlp", { seed: 2 });
          const p = net.softmax(net.linear(net.input("x", [12]), { outputs: 5 }), { name: "p" });
          return net.build({ y: net.node("Mul", [p, p], {}, { name: "square" }) });
        },
        inputs: mlp.inputs,
      },
      { strategy: { id: "distillation", distance: "kl" } },
      'node "p" (Softmax): expected scores before it for distance kl, got its probabilities, changed by later nodes',
    ],
    [
      "a comparison for labels",
      mlp,
      { strategy: "none", compare: "logits" },
      "compare: expected no value for a strategy that reads labels, got logits",
    ],
    [
      "batch statistics of single samples",
      { make: normalised, inputs: () => ({ x: inputOf(samples(64, [1, 4, 4])) }) },
      {},
      "batchNorm: expected frozen for a network that runs sample by sample",
    ],
    ["all samples held out", mlp, { validation: { images: 64 } }, "validation.images: expected fewer than"],
    [
      "validation samples of another shape",
      mlp,
      { validationInputs: { x: inputOf(samples(4, [13])) } },
      "expected samples that fit the network's input [N, 12], got samples of shape [13]",
    ],
  ])("are refused: %s", async (_, network, given, message) => {
    await expect(distil(network, given)).rejects.toThrow(message);
  });
});

describe("distillationLoss", () => {
  const [y, y0] = [Float32Array.of(1, 2, 4, -1, 0.5, 3), Float32Array.of(1.5, 2, 3, 0, 0, 1)];

  it("is the mean over outputs of the squared error relative to the power", () => {
    const [error] = [y.reduce((sum, value, i) => sum + (value - y0[i]!) ** 2 / 6, 0)];
    const loss = scope(() => {
      const outputs = [tensor(y, [2, 3]), tensor(y, [3, 2])];
      const clean = [2, 5].map((power, i) => ({ values: tensor(y0, outputs[i]!.shape), power }));
      return distillationLoss(outputs, clean, { distance: "error", temperature: 1 }).item();
    });
    expect(loss).toBeCloseTo((error / 2 + error / 5) / 2, 6);
  });

  it("is the divergence of the softmax, and 0 for equal scores", () => {
    const softmax = (row: readonly number[], t: number) => {
      const powers = row.map((one) => Math.exp(one / t));
      return powers.map((one) => one / powers.reduce((sum, each) => sum + each));
    };
    const rows = (values: Float32Array) => [[...values.subarray(0, 3)], [...values.subarray(3)]];
    for (const t of [1, 3]) {
      const expected = mean(
        rows(y).map((row, i) => {
          const [p, p0] = [softmax(row, t), softmax(rows(y0)[i]!, t)];
          return p0.reduce((sum, one, j) => sum + t * t * one * Math.log(one / p[j]!), 0);
        }),
      );
      const settings = { distance: "kl", temperature: t } as const;
      const read = (values: Float32Array) =>
        scope(() =>
          distillationLoss([tensor(values, [2, 3])], [{ values: tensor(y0, [2, 3]), power: 1 }], settings).item(),
        );
      expect(read(y)).toBeCloseTo(expected, 5);
      expect(read(y0)).toBe(0);
    }
  });

  it("sends gradients into the outputs alone", () => {
    const weights = parameter(y, [2, 3]);
    const [gradient] = scope(() => {
      const clean = [{ values: tensor(y0, [2, 3]), power: 4 }];
      return backward(distillationLoss([weights], clean, { distance: "error", temperature: 1 }), [weights]).map((one) =>
        one.toArray(),
      );
    });
    for (const [i, one] of [...(gradient as Float32Array)].entries())
      expect(one).toBeCloseTo((2 * (y[i]! - y0[i]!)) / 24, 6);
    weights.dispose();
  });
});
