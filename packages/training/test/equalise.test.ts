import { init } from "@neft/kernels";
import { addOperators, type Model, run, trialShapes } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { assign, noGrad, normals, scope, stream, tensor, uniforms } from "@neft/tensor";
import { type EqualiseProgress, equalise } from "@neft/training";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { toyImages, toyNet, toyNormalisation } from "../../evaluation/test/toy.js";
import { absorbingParameters, applyFactors, positionsIn } from "../src/equalise/apply.js";
import { freeFactors } from "../src/equalise/follow.js";
import { layersOf } from "../src/equalise/layers.js";
import { problemOf } from "../src/equalise/problem.js";
import { imageEnds, imageLayers, Net, sequenceEnd, sequenceLayers } from "./rescaled-networks.js";

beforeAll(async () => {
  await init();
  addOperators(moreOperators);
});

const outputsOf = (model: Model, shape: readonly number[]): Float32Array =>
  scope(() => {
    const size = shape.reduce((all, n) => all * n, 1);
    const x = tensor(normals(stream(3, { purpose: "test", name: "x" }), size), [...shape]);
    const name = model.outputs[0]!.name;
    return noGrad(() => run(model, x, { outputs: [name] }))
      .outputs.get(name)!
      .floats();
  });

/** Gives all free factors of a network random values. @returns their number, and the largest relative change of an output. */
function rescale(model: Model, seed: number): { count: number; change: number; fixedBy: ReadonlyMap<string, string> } {
  const shape = [2, ...model.inputs[0]!.shape.slice(1)] as number[];
  const before = outputsOf(model, shape);
  const free = freeFactors(model, trialShapes(model));
  const layers = layersOf(free, positionsIn(model));
  const problem = problemOf(
    free,
    layers,
    layers.map(({ parameter }) => model.parameters.get(parameter)!.floats()),
  );
  const draws = uniforms(stream(seed, { purpose: "test", name: "factors" }), problem.count);
  applyFactors(
    model,
    free,
    problem,
    Float64Array.from(draws, (draw) => 0.5 + 1.5 * draw),
    absorbingParameters(model, free),
  );
  const after = outputsOf(model, shape);
  const size = Math.max(...before.map(Math.abs));
  const change = Math.max(...before.map((value, i) => Math.abs(after[i]! - value))) / size;
  return { count: problem.count, change, fixedBy: free.ends };
}

/** Rounding of a deep network. A wrong factor changes outputs by some 10 %. */
const rounding = 2e-4;

const image = (names: readonly string[], end: string, seed = 1): Model => {
  const net = new Net(seed, [4, 8, 8]);
  const layers = names.map((name) => imageLayers[name]!);
  return net.model(
    imageEnds[end]!(
      net,
      layers.reduce((x, layer) => layer(net, x), "x"),
    ),
  );
};

const sequence = (names: readonly string[], seed = 1): Model => {
  const net = new Net(seed, [6, 8]);
  const layers = names.map((name) => sequenceLayers[name]!);
  return net.model(
    sequenceEnd(
      net,
      layers.reduce((x, layer) => layer(net, x), "x"),
    ),
  );
};

describe("free factors", () => {
  it.each(Object.keys(imageLayers))("keep the outputs of convolutions around the layer %s", (name) => {
    const { count, change } = rescale(image(["conv", name, "conv"], "flattened"), 2);
    expect(change).toBeLessThan(rounding);
    expect(count).toBeGreaterThan(0);
  });

  it.each(Object.keys(imageEnds))("keep the outputs before the end %s", (end) => {
    expect(rescale(image(["conv", "relu", "residual"], end), 2).change).toBeLessThan(rounding);
  });

  it.each(Object.keys(sequenceLayers))("keep the outputs of the block %s", (name) => {
    const { change, count } = rescale(sequence(["perceptron", name, "perceptron"]), 2);
    expect(change).toBeLessThan(rounding);
    expect(count).toBeGreaterThan(0);
  });

  it("keep the outputs of random networks", () => {
    const layer = fc.constantFrom(...Object.keys(imageLayers));
    const end = fc.constantFrom(...Object.keys(imageEnds));
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 6 }), end, fc.nat(1000), (names, last, seed) => {
        const model = image(names, last, seed);
        const { change } = rescale(model, seed);
        model.dispose();
        return change < rounding;
      }),
      { numRuns: 100, seed: 1 },
    );
  });

  it("keep the outputs of random blocks", () => {
    const block = fc.constantFrom(...Object.keys(sequenceLayers));
    fc.assert(
      fc.property(fc.array(block, { minLength: 1, maxLength: 4 }), fc.nat(1000), (names, seed) => {
        const model = sequence(names, seed);
        const { change } = rescale(model, seed);
        model.dispose();
        return change < rounding;
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it.each([
    // c1 and c2 have 8 channels each, then 12 of the first linear layer.
    [["conv", "relu", "conv"], "flattened", 8 + 8 + 12],
    // A batch norm has factors of its inputs and of its outputs.
    [["convNorm", "relu"], "pooled", 8 + 8],
    // Channels that are added share a factor.
    [["conv", "residual"], "pooled", 8],
    [["conv", "sigmoid", "conv"], "pooled", 8],
    [["conv", "relu6", "conv"], "pooled", 8],
    // Depthwise convolutions have factors on both sides.
    [["conv", "depthwise", "relu"], "pooled", 16],
    // Two joined values keep their factors apart.
    [["conv", "joined"], "pooled", 8 + 4],
    // A weight of two layers has the same factors in both.
    [["conv", "shared"], "pooled", 8],
  ] as const)("of %j before the end %s: %i", (names, end, count) => {
    expect(rescale(image(names, end), 2).count).toBe(count);
  });

  it.each([
    // Those of the norm before and of the block's outputs; then queries and keys, which 2 heads share, and values.
    ["groupedAttention", 16 + 8 + 6],
    ["groupedHeads", 16 + 8 + 6],
    ["gatedBySecond", 16 + 12],
  ])("of the block %s: %i", (name, count) => {
    expect(rescale(sequence(["norm", name, "gelu"]), 2).count - rescale(sequence(["gelu"]), 2).count).toBe(count);
  });

  it("tell what ends a chain", () => {
    const { fixedBy } = rescale(image(["conv", "sigmoid", "conv", "relu6"], "pooled"), 2);
    expect([...fixedBy.values()]).toEqual(['node "n1" (Sigmoid)', 'node "n3" (Clip)', "an output of the network"]);
  });
});

describe("equalise", () => {
  it("lowers the variance, keeps the outputs, and changes nothing more when it is called again", async () => {
    const model = image(["conv", "relu", "convNorm", "relu", "residual"], "pooled");
    const first = await equalise({ model });
    expect(first).toMatchObject({ method: "balanced", settings: { sigma: 0.2 } });
    expect(first.variance).toBeLessThan(0.9);
    expect(first.change).toBeLessThan(1.75e-5);
    const kept = [...model.parameters.values()].map((tensor) => tensor.floats());
    const second = await equalise({ model });
    expect(second).toMatchObject({ method: "none", variance: 1, change: 0 });
    expect([...model.parameters.values()].map((tensor) => tensor.floats())).toEqual(kept);
    model.dispose();
  });

  const samples = () => {
    const data = toyImages(120);
    return { image: { data, normalisation: toyNormalisation(data) } };
  };
  const weightsOf = (model: Model) => [...model.parameters.values()].map((tensor) => tensor.floats());

  it.each(["rram1", "rram4"])("lowers the distance of chips of %s, the same in every run", async (device) => {
    const options = { sigma: 0.15, steps: 20, batch: 16, device };
    const [one, other] = [toyNet(), toyNet()];
    const before = weightsOf(one);
    const result = await equalise({ model: one, inputs: samples(), ...options });
    expect(result.method).not.toBe("none");
    expect(result.distance!.after).toBeLessThan(0.9 * result.distance!.before);
    expect(result.change).toBeLessThan(1.75e-5);
    expect(weightsOf(one)).not.toEqual(before);
    expect(await equalise({ model: other, inputs: samples(), ...options })).toEqual(result);
    expect(weightsOf(other)).toEqual(weightsOf(one));
    for (const model of [one, other]) model.dispose();
  });

  it("changes nothing in a dry run or after an abort", async () => {
    const model = toyNet();
    const before = weightsOf(model);
    const dry = await equalise({ model, inputs: samples(), steps: 5, batch: 16, dryRun: true });
    expect(dry.method).not.toBe("none");
    expect(weightsOf(model)).toEqual(before);
    const controller = new AbortController();
    const seen: EqualiseProgress[] = [];
    const aborted = equalise({
      model,
      inputs: samples(),
      steps: 5,
      batch: 16,
      signal: controller.signal,
      onProgress: (progress) => {
        seen.push(progress);
        if (seen.length === 150) controller.abort(new Error("enough"));
      },
    });
    await expect(aborted).rejects.toThrow("enough");
    expect(seen.map(({ done }) => done)).toEqual(seen.map((_, i) => i + 1));
    expect(weightsOf(model)).toEqual(before);
    model.dispose();
  });

  it("leaves networks that have nothing to gain", async () => {
    const net = new Net(1, [4, 8, 8]);
    const single = net.model(imageEnds.pooled!(net, "x"));
    expect(await equalise({ model: single })).toMatchObject({ method: "none", factors: 0, variance: 1, change: 0 });
    const empty = new Net(1, [4, 8, 8]);
    const without = empty.model(empty.node("GlobalAveragePool", ["x"]));
    expect(await equalise({ model: without })).toMatchObject({ method: "none", layers: [], factors: 0 });
    const alike = image(["conv", "relu"], "pooled");
    for (const tensor of alike.parameters.values()) assign(tensor, new Float32Array(tensor.size).fill(0.5));
    expect(await equalise({ model: alike })).toMatchObject({ method: "none", change: 0 });
    for (const model of [single, without, alike]) model.dispose();
  });

  it("changes nothing more in random networks when it is called again", async () => {
    const names = (layers: object, maxLength: number) =>
      fc.array(fc.constantFrom(...Object.keys(layers)), { minLength: 1, maxLength });
    const end = fc.constantFrom(...Object.keys(imageEnds));
    const models = fc.oneof(
      fc.tuple(names(imageLayers, 6), end, fc.nat(1000)).map(
        ([layers, last, seed]) =>
          () =>
            image(layers, last, seed),
      ),
      fc.tuple(names(sequenceLayers, 4), fc.nat(1000)).map(
        ([layers, seed]) =>
          () =>
            sequence(layers, seed),
      ),
    );
    const methods = new Set<string>();
    await fc.assert(
      fc.asyncProperty(models, async (make) => {
        const model = make();
        const { method, variance } = await equalise({ model });
        methods.add(method);
        expect(variance).toBeLessThanOrEqual(method === "none" ? 1 : 0.9);
        const kept = weightsOf(model);
        expect(await equalise({ model })).toMatchObject({ method: "none", variance: 1 });
        const isKept = weightsOf(model).every((values, i) => values.every((value, j) => value === kept[i]![j]));
        expect(isKept).toBe(true);
        model.dispose();
      }),
      { numRuns: 50, seed: 3 },
    );
    expect([...methods].sort()).toEqual(["balanced", "none"]);
  });

  it("tells its steps without samples, and leaves the model as before after an abort", async () => {
    const model = image(["conv", "relu", "convNorm", "relu", "residual"], "flattened");
    const before = weightsOf(model);
    const seen: EqualiseProgress[] = [];
    await equalise({ model, dryRun: true, onProgress: (progress) => seen.push(progress) });
    expect(seen.map(({ done }) => done)).toEqual(seen.map((_, i) => i + 1));
    expect(new Set(seen.map(({ total }) => total))).toEqual(new Set([seen.length]));
    const controller = new AbortController();
    const onProgress = ({ done }: EqualiseProgress) => {
      if (done === 10) controller.abort(new Error("enough"));
    };
    await expect(equalise({ model, signal: controller.signal, onProgress })).rejects.toThrow("enough");
    expect(weightsOf(model)).toEqual(before);
    model.dispose();
  });

  it("keeps factors finite for channels of zeros", async () => {
    const model = image(["conv", "relu", "convNorm"], "flattened");
    const [weight] = model.parameters.values();
    assign(weight!, weight!.floats().fill(0, 0, 72));
    const { change } = await equalise({ model });
    expect(change).toBeLessThan(1.75e-5);
    expect(
      weightsOf(model)
        .flatMap((values) => [...values])
        .every(Number.isFinite),
    ).toBe(true);
    model.dispose();
  });

  it("refuses weights that aren't finite, and other steps", async () => {
    const model = image(["conv", "relu"], "pooled");
    await expect(equalise({ model, steps: -1 })).rejects.toThrow(/^steps: expected .*, got -1/);
    const [weight] = model.parameters.values();
    assign(weight!, weight!.floats().fill(Number.NaN));
    await expect(equalise({ model })).rejects.toThrow(/^parameter "p0": expected finite weights/);
    model.dispose();
  });
});
