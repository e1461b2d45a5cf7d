import { digitalChip, rram1, variationBackend, weightChip, withSigma } from "@neft/crossbar";
import { type Dataset, makeDataset, makeNormalisation } from "@neft/data";
import {
  bindSamples,
  compareChips,
  createDeviationState,
  type DeviationOptions,
  deviationOf,
  disposeDeviationState,
  evaluate,
  evaluateDeviation,
  predict,
  type SampledInputs,
} from "@neft/evaluation";
import { init, memoryUse } from "@neft/kernels";
import { GraphBuilder, Model, run } from "@neft/model";
import { noGrad, normals, parameter, scope, stream, tensor } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";
import { cloningWorkers, toyImages, toyNet } from "./toy.js";

beforeAll(() => init());

const chips = { device: rram1, sigma: [0, 0.1, 0.3], chips: 5, seed: 7 };

/** Standard normal samples without labels. */
function samples(count: number, shape: readonly number[], seed = 1): Dataset {
  const size = shape.reduce((product, n) => product * n, 1);
  const values = normals(stream(seed, { purpose: "test" }), count * size);
  return makeDataset("test", { name: `samples-${seed}`, values, shape });
}

const input = (data: Dataset) => ({ data, normalisation: makeNormalisation(data, { scale: 1, layout: "NCHW" }) });

/** Token ids and an image; three outputs of different shapes and sizes. */
function twoInputs(): Model {
  const net = new GraphBuilder("two", { seed: 3 });
  const image = net.relu(net.conv2d(net.input("image", [2, 6, 6]), { name: "c1", outputs: 4, kernel: 3 }));
  const sequence = net.input("sequence", [5, 3]);
  const wide = net.linear(net.flatten(sequence), { name: "f1", outputs: 8 });
  const both = net.add(wide, net.linear(net.flatten(image), { name: "f2", outputs: 8 }));
  const map = net.conv2d(image, { name: "c2", outputs: 3, kernel: 1 });
  return net.build({ both, map, one: net.linear(net.relu(both), { name: "f3", outputs: 1 }) });
}

const twoSamples = (count: number): SampledInputs => ({
  image: input(samples(count, [2, 6, 6], 1)),
  sequence: input(samples(count, [5, 3], 2)),
});

const oneInput = (model: Model, data: Dataset): DeviationOptions => ({
  ...chips,
  model,
  inputs: { [model.inputs[0]!.name]: input(data) },
});

/** The network with its batch fixed at 1, and a reshape that nothing can free of it. */
function withFixedBatch(model: Model): Model {
  const [first] = model.inputs;
  const { name } = model.outputs[0]!;
  return new Model({
    ...model,
    inputs: [{ ...first!, shape: [1, ...first!.shape.slice(1)] }],
    outputs: [{ name: "flat", dtype: "f32", shape: [] }],
    nodes: [...model.nodes, { name: "last", op: "Reshape", inputs: [name, "size"], outputs: ["flat"], attributes: {} }],
    constants: new Map([...model.constants, ["size", tensor(BigInt64Array.of(-1n), [1], "i64")]]),
  });
}

describe("evaluateDeviation", () => {
  it("gives exactly no deviation at σ = 0, and more at a larger σ", async () => {
    const { results, warnings } = await evaluateDeviation({ ...chips, model: twoInputs(), inputs: twoSamples(9) });
    const [clean, little, much] = results;
    const exact = (value: number) => ({
      mean: value,
      std: 0,
      ci95: [value, value],
      p5: value,
      p95: value,
      worst: value,
    });
    for (const one of [clean!, ...clean!.outputs]) {
      expect(one.relativeError).toEqual(exact(0));
      expect(one.cosine).toEqual(exact(1));
      if (!("name" in one) || one.name !== "one") expect(one.agreement).toEqual(exact(100));
    }
    expect(clean!.outputs.map(({ name }) => name)).toEqual(["both", "map", "one"]);
    // The argmax of one value agrees always, which says nothing.
    expect(clean!.outputs[2]!.agreement).toBeNull();
    expect(little!.relativeError.mean).toBeGreaterThan(0);
    expect(much!.relativeError.mean).toBeGreaterThan(little!.relativeError.mean);
    expect(much!.cosine.mean).toBeLessThan(little!.cosine.mean);
    expect(much!.relativeError.worst).toBeGreaterThanOrEqual(much!.relativeError.p95);
    expect(much!.cosine.worst).toBeLessThanOrEqual(much!.cosine.p5);
    expect(warnings).toEqual([]);
  });

  it("agrees with norms computed from the outputs of each chip", async () => {
    const model = toyNet();
    const data = toyImages(30);
    const { results } = await evaluateDeviation({ ...oneInput(model, data), sigma: [0.2], chips: 3 });
    const x = () => tensor(data.values as Float32Array, [30, 1, 8, 8]);
    const outputs = (backend?: ReturnType<typeof variationBackend>) =>
      scope(() =>
        noGrad(() =>
          run(model, x(), backend ? { backend } : {})
            .outputs.get("logits")!
            .floats(),
        ),
      );
    const clean = outputs();
    const dot = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
    const best = (rows: Float32Array) =>
      Array.from({ length: 30 }, (_, i) => rows.subarray(4 * i, 4 * i + 4)).map((row) => row.indexOf(Math.max(...row)));
    const expected = [0, 1, 2].map((index) => {
      const own = outputs(
        variationBackend(withSigma(weightChip({ device: rram1 }), 0.2), { seed: 7, purpose: "chip", index }),
      );
      const apart = own.map((value, i) => value - clean[i]!);
      const classes = best(clean);
      return {
        relativeError: Math.sqrt(dot(apart, apart) / dot(clean, clean)),
        cosine: dot(own, clean) / Math.sqrt(dot(own, own) * dot(clean, clean)),
        agreement: (100 * best(own).filter((one, i) => one === classes[i]).length) / 30,
      };
    });
    const mean = (name: "relativeError" | "cosine" | "agreement") =>
      expected.reduce((sum, one) => sum + one[name] / 3, 0);
    const [{ relativeError, cosine, agreement }] = results as [(typeof results)[number]];
    expect(relativeError.mean).toBeCloseTo(mean("relativeError"), 6);
    expect(cosine.mean).toBeCloseTo(mean("cosine"), 6);
    expect(agreement!.mean).toBeCloseTo(mean("agreement"), 9);
    // With one output, it is the whole.
    expect(results[0]!.outputs).toEqual([{ name: "logits", relativeError, cosine, agreement }]);
  });

  it("gives the same numbers on every machine and in every browser", async () => {
    const given = { ...oneInput(toyNet(), toyImages(30)), sigma: [0.2], chips: 3 };
    const { relativeError, cosine, agreement } = (await evaluateDeviation(given)).results[0]!;
    expect(relativeError).toMatchObject({
      mean: 1.424874509015259,
      std: 0.1925663625997663,
      worst: 1.6416857277612296,
    });
    expect(relativeError.ci95).toEqual([0.9465131156206117, 1.9032359024099064]);
    expect(cosine).toMatchObject({ mean: 0.3954411134995963, p5: 0.26585948354622657, p95: 0.5074540289357045 });
    expect(agreement).toMatchObject({ mean: 53.33333333333333, worst: 30 });
  });

  it("counts several outputs equally, whatever their size", async () => {
    const { results } = await evaluateDeviation({ ...chips, model: twoInputs(), inputs: twoSamples(9), chips: 1 });
    const { relativeError, outputs } = results[2]!;
    const squares = outputs.map((one) => one.relativeError.mean ** 2);
    expect(relativeError.mean).toBeCloseTo(Math.sqrt(squares.reduce((sum, one) => sum + one / 3, 0)), 12);
  });

  it("gives the same bits for any number of workers, order of jobs and batch", async () => {
    const model = twoInputs();
    const inputs = twoSamples(23);
    for (const perSample of [false, true]) {
      const given = { ...chips, perSample, model, inputs };
      const alone = await evaluateDeviation(given);
      for (const count of [1, 2, 5]) {
        expect(await evaluateDeviation({ ...given, workers: cloningWorkers(count, count) }), `${count}`).toEqual(alone);
      }
      const bound = bindSamples({ model, inputs });
      const tallies = [1, 7, 23, undefined].map((batch) => {
        const state = createDeviationState({ ...bound, clean: bound.model, fixedBatch: undefined }, batch);
        const chip = withSigma(weightChip({ ...chips, perSample }), 0.3);
        const job = { chip, seed: chips.seed, purpose: "chip", from: 0, to: 2, strict: true };
        const tally = compareChips(state, job);
        disposeDeviationState(state);
        return tally;
      });
      for (const tally of tallies) expect(tally).toEqual(tallies[0]);
      const errors = tallies[0]!.sums.map((chip) => deviationOf(chip).relativeError);
      expect(Math.max(...errors)).toBeLessThanOrEqual(alone.results[2]!.relativeError.worst);
    }
  });

  it("runs a network with a fixed batch sample by sample, with the same numbers", async () => {
    const model = toyNet();
    const data = toyImages(11);
    const free = await evaluateDeviation(oneInput(model, data));
    const fixed = withFixedBatch(model);
    const bound = bindSamples({ model: fixed, inputs: oneInput(fixed, data).inputs });
    expect(bound.fixed?.batch).toBe(1);
    const { results } = await evaluateDeviation(oneInput(fixed, data));
    for (const [i, { outputs, ...rest }] of results.entries()) {
      expect(rest).toEqual({ ...free.results[i]!, outputs: undefined });
      expect(outputs[0]).toEqual({ ...free.results[i]!.outputs[0], name: "flat" });
    }
  });

  it("runs a network that mixes the samples of a free batch sample by sample", async () => {
    const net = new GraphBuilder("mixing", { seed: 1 });
    const y = net.linear(net.input("x", [4]), { name: "f", outputs: 6 });
    const model = net.build({
      y: net.node(
        "ReduceMean",
        [y, net.constant("axes", BigInt64Array.of(0n), [1], "i64")],
        { keepdims: 1 },
        { name: "mean" },
      ),
    });
    const bound = bindSamples({ model, inputs: oneInput(model, samples(5, [4])).inputs });
    expect(bound.fixed).toMatchObject({ batch: 1, reason: expect.stringContaining("mixes the samples") });
    const { results } = await evaluateDeviation(oneInput(model, samples(5, [4])));
    expect(results[0]!.relativeError.mean).toBe(0);
    expect(results[1]!.relativeError.mean).toBeGreaterThan(0);
  });

  it("takes samples that fill whole inputs, without a batch axis", async () => {
    const model = new Model({
      name: "whole",
      inputs: [
        { name: "x", dtype: "f32", shape: [2, 3] },
        { name: "ids", dtype: "i64", shape: ["length"] },
        { name: "offset", dtype: "f32", shape: [] },
      ],
      outputs: [{ name: "y", dtype: "f32", shape: [] }],
      nodes: [
        { name: "f", op: "MatMul", inputs: ["x", "w"], outputs: ["h"], attributes: {} },
        { name: "g", op: "Gather", inputs: ["h", "ids"], outputs: ["r"], attributes: { axis: 1 } },
        { name: "a", op: "Add", inputs: ["r", "offset"], outputs: ["y"], attributes: {} },
      ],
      parameters: new Map([
        [
          "w",
          parameter(
            Float32Array.from({ length: 12 }, (_, i) => i / 7 - 0.5),
            [3, 4],
          ),
        ],
      ]),
      constants: new Map(),
    });
    const ids = makeDataset("ids", { name: "ids", values: Float32Array.of(0, 3, 2, 1, 1, 1), shape: [3] });
    const inputs = { x: input(samples(2, [2, 3])), ids: input(ids), offset: input(samples(2, [1], 4)) };
    const { results } = await evaluateDeviation({ ...chips, model, inputs });
    expect(results[0]!.relativeError.mean).toBe(0);
    expect(results[2]!.relativeError.mean).toBeGreaterThan(0.01);
    expect(results[2]!.agreement).not.toBeNull();
    const wrong = makeDataset("ids", { name: "ids", values: Float32Array.of(0, 3, 2, 1, 1, 0.5), shape: [3] });
    await expect(evaluateDeviation({ ...chips, model, inputs: { ...inputs, ids: input(wrong) } })).rejects.toThrow(
      /expected integers from -16777216 .* got 0.5 in sample 1/,
    );
  });

  it("stops at a precision of the mean relative error, and reports progress", async () => {
    const seen: number[] = [];
    const { results } = await evaluateDeviation({
      ...oneInput(toyNet(), toyImages(12)),
      sigma: [0.2],
      chips: 200,
      precision: 0.2,
      onProgress: ({ relativeErrors = [] }) => seen.push(...relativeErrors),
    });
    const { stopping, relativeError, chips: read } = results[0]!;
    expect(stopping).toMatchObject({ precision: 0.2, reached: true });
    expect((relativeError.ci95![1] - relativeError.ci95![0]) / 2).toBeLessThanOrEqual(0.2);
    expect(seen).toHaveLength(read);
    expect(Math.max(...seen)).toBe(relativeError.worst);
  });

  it("frees its tensors", async () => {
    const given = { ...chips, model: twoInputs(), inputs: twoSamples(9) };
    const { live } = memoryUse();
    await evaluateDeviation(given);
    expect(memoryUse().live).toBe(live);
    await expect(evaluateDeviation({ ...given, output: "other" })).rejects.toThrow('expected an output of "both"');
    expect(memoryUse().live).toBe(live);
  });
});

describe("the comparison of logits", () => {
  /** A multilayer perceptron that ends in the given operators. */
  const ending = (end: (net: GraphBuilder, scores: string) => string): Model => {
    const net = new GraphBuilder("mlp", { seed: 2 });
    const hidden = net.relu(net.linear(net.input("x", [12]), { name: "f1", outputs: 16 }));
    return net.build({ y: end(net, net.linear(hidden, { name: "f2", outputs: 6 })) });
  };
  const constant = (net: GraphBuilder, name: string, values: readonly bigint[]) =>
    net.constant(name, BigInt64Array.from(values), [values.length], "i64");
  const split = (net: GraphBuilder, scores: string) =>
    net.node("Reshape", [scores, constant(net, "shape", [-1n, 2n, 3n])], {}, { name: "split" });
  const deviations = async (model: Model, compare?: "logits") => {
    const { results, warnings } = await evaluateDeviation({ ...oneInput(model, samples(9, [12])), compare });
    model.dispose();
    return { results, warnings };
  };

  it.each<[string, Parameters<typeof ending>[0], Parameters<typeof ending>[0]]>([
    ["a softmax", (net, x) => net.softmax(x), (_, x) => x],
    ["a sigmoid", (net, x) => net.sigmoid(x), (_, x) => x],
    ["a softmax with a reshape after it", (net, x) => split(net, net.sigmoid(x)), split],
    ["no softmax", (_, x) => x, (_, x) => x],
  ])("reads the scores before %s", async (_, end, plain) => {
    const [logits, expected] = [await deviations(ending(end), "logits"), await deviations(ending(plain))];
    expect(logits.results).toEqual(expected.results);
    expect(logits.warnings).toEqual([]);
  });

  it("says where only probabilities can be read", async () => {
    const changed = (net: GraphBuilder, x: string) =>
      net.node("Mul", [net.softmax(x, { name: "p" }), net.softmax(x, { name: "q" })], {}, { name: "product" });
    const { warnings, results } = await deviations(ending(changed), "logits");
    expect(results[1]!.relativeError.mean).toBeGreaterThan(0);
    expect(warnings).toEqual(
      ["p", "q"].map((name) =>
        expect.stringMatching(new RegExp(`^node "${name}" \\(Softmax\\): expected scores before it to compare`)),
      ),
    );
  });

  it("warns of an output that no chip changes, and names what to compare of one that is zero", async () => {
    const large = (sign: number) => (net: GraphBuilder, x: string) => {
      const shift = net.constant("shift", Float32Array.of(sign * 200), [1], "f32");
      return net.sigmoid(net.add(x, shift));
    };
    const { warnings } = await deviations(ending(large(1)));
    expect(warnings).toEqual([
      'output "y": the same on all chips as on the clean network; its softmax or sigmoid is saturated (compare logits), or no weight before it is on a crossbar',
    ]);
    await expect(deviations(ending(large(-1)))).rejects.toThrow(
      'output "y": expected values other than 0 from the digital network to compare with, got 0 everywhere; name another output, or compare logits',
    );
    expect((await deviations(ending(large(-1)), "logits")).warnings).toEqual([]);
  });

  it("is refused where labels are read", async () => {
    const data = toyImages(8);
    const given = { ...chips, model: toyNet(), data, normalisation: makeNormalisation(data) };
    await expect(evaluate({ ...given, compare: "logits" })).rejects.toThrow(
      "compare: expected no value without the reference clean, got logits",
    );
    given.model.dispose();
  });
});

describe("deviationOf", () => {
  it("gives a cosine within -1 and 1, whatever the rounding", () => {
    for (let i = 1; i < 2000; i++) {
      const [y, scale] = [1 / i, 1 + 1 / (7 * i + 1)];
      const sums = { error: 0, power: (y * scale) ** 2, cleanPower: y * y, product: y * (y * scale), agreed: 0 };
      for (const sign of [1, -1]) {
        const { cosine } = deviationOf([{ ...sums, product: sign * sums.product, vectors: 0, elements: 1 }]);
        expect(sign * cosine).toBeLessThanOrEqual(1);
        expect(sign * cosine).toBeCloseTo(1, 12);
      }
    }
  });
});

describe("samples that can't be compared", () => {
  const model = () => twoInputs();
  it.each<[string, () => DeviationOptions, string]>([
    [
      "no samples for an input",
      () => ({ ...chips, model: model(), inputs: { image: input(samples(3, [2, 6, 6])) } }),
      'model "two": expected samples for input "sequence", got none',
    ],
    [
      "other numbers of samples",
      () => ({ ...chips, model: model(), inputs: { ...twoSamples(3), image: input(samples(4, [2, 6, 6])) } }),
      'samples: expected as many for each input, or one for all, got 4 for "image" and 3 for "sequence"',
    ],
    [
      "another shape",
      () => ({ ...chips, model: model(), inputs: { ...twoSamples(3), sequence: input(samples(3, [5, 4])) } }),
      "expected samples that fit the network's input [N, 5, 3], got samples of shape [5, 4]",
    ],
    [
      "clean outputs of zeros",
      () => {
        const net = new GraphBuilder("zero", { seed: 1 });
        const x = net.node("Relu", [net.input("x", [4])], {}, { name: "h" });
        return {
          ...oneInput(
            net.build({ y: net.linear(x, { name: "f", outputs: 2 }) }),
            makeDataset("t", { name: "t", values: Float32Array.of(-1, -2, -3, -4), shape: [4] }),
          ),
        };
      },
      'output "y": expected values other than 0 from the digital network to compare with, got 0 everywhere; name another output',
    ],
    [
      "outputs that overflow",
      () =>
        oneInput(toyNet(), makeDataset("t", { name: "t", values: new Float32Array(64).fill(3e38), shape: [1, 8, 8] })),
      "digital network: expected finite outputs, got ",
    ],
  ])("are refused: %s", async (_, given, message) => {
    await expect(evaluateDeviation(given())).rejects.toThrow(message);
  });
});

describe("a dataset without labels", () => {
  it("is refused where labels are read, and predicted", async () => {
    const model = toyNet();
    const labelled = toyImages(6);
    const data = makeDataset("toy", { name: "bare", values: labelled.values, shape: labelled.shape });
    const { normalisation } = input(data);
    await expect(evaluate({ ...chips, model, data, normalisation })).rejects.toThrow(
      'dataset "bare": expected a label for each sample, got samples without labels; without labels, evaluate with reference clean, or finetune with strategy distillation',
    );
    const on = { chip: digitalChip, seed: 1, index: 0 };
    expect(predict({ model, data, normalisation, on })).toEqual(predict({ model, data: labelled, normalisation, on }));
  });
});
