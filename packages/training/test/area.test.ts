import { rram1, rram4, variationBackend, weightChip, withSigma } from "@neft/crossbar";
import { makeDataset } from "@neft/data";
import { init } from "@neft/kernels";
import { addOperators, type KnownValue, type Model, probe, probeBatch, run, shapeGraph } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { noGrad, normals, scope, stream, tensor, uniforms } from "@neft/tensor";
import { equalise } from "@neft/training";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { cellsOf, planCopies } from "../src/equalise/area.js";
import { widen, widenable } from "../src/equalise/widening.js";
import { imageEnds, imageLayers, Net, sequenceEnd, sequenceLayers } from "./rescaled-networks.js";

beforeAll(async () => {
  await init();
  addOperators(moreOperators);
});

const outputsOf = (model: Model, batch = 2): Float32Array =>
  scope(() => {
    const shape = [batch, ...(model.inputs[0]!.shape.slice(1) as number[])];
    const size = shape.reduce((all, n) => all * n, 1);
    const x = tensor(normals(stream(3, { purpose: "test", name: "x" }), size), shape);
    const name = model.outputs[0]!.name;
    return noGrad(() => run(model, x, { outputs: [name] }))
      .outputs.get(name)!
      .floats();
  });

const shapesOf = (model: Model): ReadonlyMap<string, KnownValue> => probe(shapeGraph(model, []), probeBatch).known;

const image = (names: readonly string[], end: string, seed = 1): Model => {
  const net = new Net(seed, [4, 8, 8]);
  const x = names.reduce((value, name) => imageLayers[name]!(net, value), "x");
  return net.model(imageEnds[end]!(net, x));
};

const sequence = (names: readonly string[], seed = 1): Model => {
  const net = new Net(seed, [6, 8]);
  return net.model(
    sequenceEnd(
      net,
      names.reduce((value, name) => sequenceLayers[name]!(net, value), "x"),
    ),
  );
};

/** Writes random outputs twice or more. @returns largest change relative to the largest output, and the number of weights. */
function widenAtRandom(model: Model, seed: number): { change: number; count: number } {
  const before = outputsOf(model);
  const places = widenable(model, shapesOf(model));
  const copies = new Map(
    places.map(({ parameter, outputs }) => {
      const draws = uniforms(stream(seed, { purpose: "test", name: parameter }), outputs);
      return [parameter, Int32Array.from(draws, (draw) => 2 ** Math.floor(3.5 * draw * draw))];
    }),
  );
  const wide = widen(model, places, copies);
  const after = outputsOf(wide);
  expect(wide.outputs).toEqual(model.outputs);
  const further = places.reduce(
    (sum, { parameter, cells }) => sum + cells * copies.get(parameter)!.reduce((all, count) => all + count - 1, 0),
    0,
  );
  expect(cellsOf(wide)).toBe(cellsOf(model) + further);
  wide.dispose();
  const size = Math.max(...before.map(Math.abs));
  return { change: Math.max(...before.map((value, i) => Math.abs(after[i]! - value))) / size, count: places.length };
}

describe("widen", () => {
  it.each([...Object.keys(imageLayers)])("keeps the outputs of convolutions around the layer %s", (name) => {
    const { change, count } = widenAtRandom(image(["conv", name, "conv"], "flattened"), 2);
    expect(change).toBeLessThan(1e-6);
    expect(count).toBeGreaterThan(3);
  });

  it.each(Object.keys(sequenceLayers))("keeps the outputs of the block %s", (name) => {
    const { change, count } = widenAtRandom(sequence(["perceptron", name]), 2);
    expect(change).toBeLessThan(1e-6);
    expect(count).toBeGreaterThan(2);
  });

  it("keeps the outputs of random networks", () => {
    const layer = fc.constantFrom(...Object.keys(imageLayers));
    const end = fc.constantFrom(...Object.keys(imageEnds));
    fc.assert(
      fc.property(fc.array(layer, { minLength: 1, maxLength: 5 }), end, fc.nat(1000), (names, last, seed) => {
        const model = image(names, last, seed);
        const { change } = widenAtRandom(model, seed);
        model.dispose();
        return change < 1e-5;
      }),
      { numRuns: 50, seed: 1 },
    );
  });
});

describe("planCopies", () => {
  /** Random variances of a network's weights. */
  const planned = (seed: number, area: number) => {
    const model = image(["conv", "transposed", "depthwise", "relu", "matrix"], "flattened", seed);
    const places = widenable(model, shapesOf(model));
    const weights = new Set(model.nodes.map(({ inputs }) => inputs[1] ?? ""));
    const elements = [...model.parameters].flatMap(([parameter, { size }]) =>
      weights.has(parameter)
        ? [
            {
              parameter,
              variances: Float64Array.from(uniforms(stream(seed, { purpose: "test", name: parameter }), size)),
            },
          ]
        : [],
    );
    const cells = cellsOf(model);
    const plan = planCopies(places, elements, cells, area);
    const wide = widen(model, places, plan.copies);
    const used = cellsOf(wide) / cells;
    wide.dispose();
    model.dispose();
    return { plan, used };
  };

  it("stays within the area, and says how much it uses", () => {
    fc.assert(
      fc.property(fc.nat(100), fc.double({ min: 1, max: 5, noNaN: true }), (seed, area) => {
        const { plan, used } = planned(seed, area);
        expect(plan.area).toBeCloseTo(used, 9);
        expect(used).toBeLessThanOrEqual(area);
        expect(plan.variance).toBeGreaterThan(0);
        expect(plan.variance).toBeLessThanOrEqual(1);
        for (const counts of plan.copies.values()) expect(counts.every((n) => [1, 2, 4, 8].includes(n))).toBe(true);
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it("uses more area for less variance, and none of an area of 1", () => {
    const plans = [1, 1.1, 1.5, 2, 4].map((area) => planned(3, area).plan);
    expect(plans[0]).toMatchObject({ area: 1, variance: 1 });
    expect(plans[0]!.copies.size).toBe(0);
    for (let i = 1; i < plans.length; i++) expect(plans[i]!.variance).toBeLessThan(plans[i - 1]!.variance);
    // Half for an even choice, if all weights could be copied; the depthwise one can't.
    expect(plans[3]!.variance).toBeLessThan(0.52);
  });
});

describe("equalise with an area", () => {
  const samples = 64;
  const values = () => normals(stream(5, { purpose: "test", name: "data" }), samples * 256);
  const data = () => makeDataset("test", { name: "samples", values: values(), shape: [4, 8, 8] });
  const settings = { sigma: 0.01, steps: 0, batch: 16, distance: "error", seed: 2 } as const;
  const inputs = () => ({ x: { data: data(), normalisation: { scale: 1, mean: [0], std: [1] } } });

  /** Σ over outputs of the variance over chips. */
  const varianceOf = (model: Model, device: typeof rram1, chips: number): number => {
    const name = model.outputs[0]!.name;
    return scope(() =>
      noGrad(() => {
        const x = tensor(values().slice(0, 16 * 256), [16, 4, 8, 8]);
        const clean = run(model, x, { outputs: [name] })
          .outputs.get(name)!
          .floats();
        let sum = 0;
        for (let index = 0; index < chips; index++) {
          const backend = variationBackend(withSigma(weightChip({ device }), 0.01), {
            seed: 9,
            index,
            purpose: "test",
          });
          scope(() => {
            const y = run(model, x, { outputs: [name], backend })
              .outputs.get(name)!
              .floats();
            for (let i = 0; i < y.length; i++) sum += (y[i]! - clean[i]!) ** 2;
          });
        }
        return sum / chips;
      }),
    );
  };

  it.each([
    ["rram1", rram1],
    ["rram4", rram4],
  ] as const)("predicts the variance over chips of %s", async (_, device) => {
    const model = image(["conv", "relu", "conv", "relu"], "pooled");
    const result = await equalise({ model, inputs: inputs(), ...settings, device, area: 1.5 });
    const { area, wide } = result;
    expect(area!.used).toBeLessThanOrEqual(1.5);
    expect(cellsOf(wide!)).toBe(Math.round(area!.used * cellsOf(model)));
    const measured = varianceOf(wide!, device, 400) / varianceOf(model, device, 400);
    expect(area!.variance).toBeLessThan(0.7);
    expect(measured / area!.variance).toBeGreaterThan(0.8);
    expect(measured / area!.variance).toBeLessThan(1.25);
    expect(area!.distance!.after / area!.distance!.before).toBeLessThan(0.9);
    wide!.dispose();
    model.dispose();
  });

  it("makes a second model; the given one keeps its nodes and its outputs", async () => {
    const model = image(["conv", "relu", "residual"], "flattened");
    const before = outputsOf(model);
    const cells = cellsOf(model);
    const { wide, area } = await equalise({ model, area: 1.2 });
    expect(cellsOf(model)).toBe(cells);
    const size = Math.max(...before.map(Math.abs));
    for (const one of [model, wide!])
      expect(Math.max(...outputsOf(one).map((value, i) => Math.abs(value - before[i]!))) / size).toBeLessThan(1e-5);
    expect(area!.layers.reduce((sum, layer) => sum + layer.cells.after - layer.cells.before, cells)).toBe(
      cellsOf(wide!),
    );
    for (const { copied, outputs } of area!.layers) expect(copied).toBeLessThanOrEqual(outputs);
    wide!.dispose();
    model.dispose();
  });

  it("is the same without an area, and only a report with dryRun", async () => {
    const model = image(["conv", "relu", "residual"], "flattened");
    const plain = await equalise({ model, dryRun: true });
    expect(plain.area).toBeUndefined();
    expect(plain.wide).toBeUndefined();
    const kept = [...model.parameters.values()].map((tensor) => tensor.floats());
    const { wide, area } = await equalise({ model, dryRun: true, area: 2 });
    expect(wide).toBeUndefined();
    expect(area!.variance).toBeLessThan(0.6);
    expect([...model.parameters.values()].map((tensor) => tensor.floats())).toEqual(kept);
    model.dispose();
  });
});
