import { init } from "@neft/kernels";
import { addOperators, type KnownValue, type Model, probe, probeBatch, run, shapeGraph } from "@neft/model";
import { moreOperators } from "@neft/model/more";
import { noGrad, normals, scope, stream, tensor, uniforms } from "@neft/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { cellsOf } from "../src/equalise/area.js";
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
