import { rram1 } from "@neft/crossbar";
import { makeDataset } from "@neft/data";
import { bindSamples, evaluateDeviation } from "@neft/evaluation";
import { init, memoryUse } from "@neft/kernels";
import { describe, expect, it } from "vitest";
import { input, random, rate, recurrent, recurrentSamples, samples } from "./recurrent.js";
import { cloningWorkers } from "./toy.js";

// Rows of tests below draw samples.
await init();

const chips = { device: rram1, sigma: [0, 0.2], chips: 3, seed: 7 };

describe("inputs with samples on another axis than 0, and one value for all", () => {
  it("finds the axis of an open size, and runs at any batch", () => {
    const bound = bindSamples({ model: recurrent(), inputs: recurrentSamples(5) });
    expect(bound.fixed).toBeUndefined();
    expect(bound.model.inputs.map(({ name, shape }) => [name, shape])).toEqual([
      ["x", ["N", 4]],
      ["state", ["N", 2, 3]],
    ]);
    expect(bound.outputs.map(({ name, hasRows }) => [name, hasRows])).toEqual([
      ["y", true],
      ["next", true],
    ]);
    expect(bound.model.outputs.map(({ shape }) => shape)).toEqual([
      ["N", 3],
      ["N", 2, 3],
    ]);
    bound.dispose();
  });

  it("gives in batches what single samples of whole inputs give, bit for bit", async () => {
    const model = recurrent();
    const inputs = recurrentSamples(7);
    const { live } = memoryUse();
    const batched = await evaluateDeviation({ ...chips, model, inputs });
    expect(memoryUse().live).toBe(live);
    expect(batched.results[1]!.relativeError.mean).toBeGreaterThan(0);
    const whole = {
      ...inputs,
      rate: rate([2, 2, 2, 2, 2, 2, 2]),
    };
    const bound = bindSamples({ model, inputs: whole });
    expect(bound.fixed).toMatchObject({ batch: 1, reason: 'each sample is a whole input "rate"' });
    bound.dispose();
    const single = await evaluateDeviation({ ...chips, model, inputs: whole });
    expect(single.results).toEqual(batched.results);
    const named = await evaluateDeviation({ ...chips, model, inputs: recurrentSamples(7, [2, 3], 1) });
    expect(named.results).toEqual(batched.results);
    const workers = cloningWorkers(2, 2);
    expect((await evaluateDeviation({ ...chips, model, inputs, workers })).results).toEqual(batched.results);
  });

  it("takes states with an axis of length 1 in place of the batch's", async () => {
    const model = recurrent();
    const expected = await evaluateDeviation({ ...chips, model, inputs: recurrentSamples(6) });
    const found = await evaluateDeviation({ ...chips, model, inputs: recurrentSamples(6, [2, 1, 3]) });
    expect(found.results).toEqual(expected.results);
  });

  it("finds the axis as long as the batch of a file that fixes it", async () => {
    const expected = await evaluateDeviation({ ...chips, model: recurrent(), inputs: recurrentSamples(6) });
    const model = recurrent({ x: [1, 4], state: [2, 1, 3] });
    const found = await evaluateDeviation({ ...chips, model, inputs: recurrentSamples(6) });
    expect(found.results).toEqual(expected.results);
  });

  it("repeats the only sample of an input with a batch axis", async () => {
    const model = recurrent();
    const state = random(2, [2, 3]);
    const dataset = (count: number) =>
      input(
        makeDataset("test", {
          name: "states",
          values: Float32Array.from({ length: count * 6 }, (_, i) => state[i % 6]!),
          shape: [2, 3],
        }),
      );
    const inputs = (count: number) => ({ ...recurrentSamples(5), state: dataset(count) });
    const [one, all] = [
      await evaluateDeviation({ ...chips, model, inputs: inputs(1) }),
      await evaluateDeviation({ ...chips, model, inputs: inputs(5) }),
    ];
    expect(one.results).toEqual(all.results);
  });

  it("takes a shared input of shape [1], and one sample alone", async () => {
    const expected = await evaluateDeviation({ ...chips, model: recurrent(), inputs: recurrentSamples(4) });
    const model = recurrent({ rate: [1] });
    expect((await evaluateDeviation({ ...chips, model, inputs: recurrentSamples(4) })).results).toEqual(
      expected.results,
    );
    const alone = await evaluateDeviation({ ...chips, model, inputs: recurrentSamples(1) });
    expect(alone.results[1]!.relativeError.mean).toBeGreaterThan(0);
  });

  it.each([
    [
      "an axis that the input lacks",
      recurrent(),
      recurrentSamples(3, [2, 3], 3),
      /input "state": expected an axis of \[2, S, 3\] for the samples, got axis 3/,
    ],
    [
      "states of another size",
      recurrent(),
      recurrentSamples(3, [2, 5]),
      /dataset "samples-2": expected samples that fit the network's input \[2, S, 3\], got samples of shape \[2, 5\]/,
    ],
    [
      "samples that fit two axes",
      recurrent({ state: [2, "S", "U"] }),
      recurrentSamples(3),
      /input "state": expected samples that fit one axis of \[2, S, U\] as their batch, got \[2, 3\], which fits axes 1 and 2; name one: "state@1"/,
    ],
    [
      "samples that fit an open axis other than the batch",
      recurrent({ x: ["N", "T"], state: ["S", 2, "U"] }),
      recurrentSamples(3, [5, 2]),
      /dataset "samples-2": expected samples that fit the network's input \[S, 2, U\], got samples of shape \[5, 2\]/,
    ],
    [
      "batches of two lengths",
      recurrent({ x: [1, 4] }),
      recurrentSamples(3, [2, 3], 0),
      /expected one batch size ≥ 1 for all inputs, got 1 on axis 0 of "x" \[1, 4\], 2 on axis 0 of "state" \[2, S, 3\]/,
    ],
    [
      "other numbers of samples",
      recurrent(),
      { ...recurrentSamples(3), state: input(samples(2, [2, 3], 2)) },
      /expected as many for each input, or one for all, got 3 for "x" and 2 for "state"/,
    ],
    [
      "a rate with a fraction",
      recurrent(),
      { ...recurrentSamples(3), rate: rate([0.5]) },
      /expected integers .* got 0.5 in sample 0/,
    ],
  ])("refuses %s", (_, model, inputs, message) => {
    expect(() => bindSamples({ model, inputs })).toThrow(message);
  });
});
