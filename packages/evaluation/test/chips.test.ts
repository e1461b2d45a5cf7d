import { readFileSync } from "node:fs";
import { defineChip, type GivenChip } from "@neft/crossbar";
import { type EvaluateOptions, evaluate, evaluateDeviation, predict } from "@neft/evaluation";
import { init, memoryUse } from "@neft/kernels";
import type { Model } from "@neft/model";
import { assign } from "@neft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cloningWorkers, toyImages, toyNet, toyNormalisation } from "./toy.js";

/** Evaluations on chips of cells; evaluate.test.ts has whole weights that vary. */

const learnt: Record<string, string> = JSON.parse(
  readFileSync(new URL("./golden/toy-weights.json", import.meta.url), "utf8"),
);

let model: Model;
let options: EvaluateOptions;

beforeAll(async () => {
  await init();
  model = toyNet({ seed: 3 });
  for (const [name, parameter] of model.parameters) {
    const bytes = Uint8Array.from(atob(learnt[name]!), (character) => character.charCodeAt(0));
    assign(parameter, new Float32Array(bytes.buffer));
  }
  const normalisation = toyNormalisation(toyImages(450));
  options = { model, data: toyImages(230, { seed: 2 }), normalisation, chips: 3, seed: 5 };
});
afterAll(() => model.dispose());

const converters = { dac: { bits: 6 }, adc: { bits: 6 } };

const chips: Readonly<Record<string, GivenChip>> = {
  "cells that vary": { device: "rram1", sigma: 0.2 },
  "converters and read noise": { device: "pcm", mapping: { weightBits: null }, ...converters },
  "corrected columns": { device: "rram1", sigma: 0.2, compensation: { columns: "affine" } },
  "converters of whole weights": { device: "rram4", varies: "weights", sigma: 0.2, ...converters },
};

describe("evaluate with a chip", () => {
  it.each(Object.entries(chips))(
    "gives the same bits for any number of workers, and frees all memory: %s",
    async (_, given) => {
      const run = { ...options, chip: defineChip(given) };
      const alone = await evaluate(run);
      const { live } = memoryUse();
      expect(await evaluate(run)).toEqual(alone);
      expect(memoryUse().live).toBe(live);
      for (const count of [1, 3])
        expect(await evaluate({ ...run, workers: cloningWorkers(count, count) })).toEqual(alone);
      const [result] = alone.results;
      expect(result!.sigma).toBe(run.chip.sigma);
      expect(result!.accuracy.mean).toBeLessThan(alone.digital.accuracy + 1);
      expect(result!.layers!.map(({ layer }) => layer)).toEqual(["conv1", "conv2", "fc1", "fc2"]);
    },
  );

  it("reads chips at each age and σ; older ones of phase-change cells do worse without compensation", async () => {
    const chip = defineChip({ device: "pcm", mapping: { weightBits: null } });
    const { results } = await evaluate({ ...options, chip, sigma: [0.5, 1], time: [1, 3.15e7] });
    expect(results.map(({ sigma, time_s }) => [sigma, time_s])).toEqual([
      [0.5, 1],
      [0.5, 3.15e7],
      [1, 1],
      [1, 3.15e7],
    ]);
    const errors = await Promise.all(
      [1, 3.15e7].map(async (time) => {
        const { data, normalisation, ...rest } = options;
        const inputs = { image: { data, normalisation } };
        return (await evaluateDeviation({ ...rest, inputs, chip, time })).results[0]!.relativeError.mean;
      }),
    );
    expect(errors[1]).toBeGreaterThan(2 * errors[0]!);
  });

  it("says what layers take: cells, writes and conversions", async () => {
    const chip = defineChip({
      device: "rram1",
      sigma: 0.05,
      effects: [
        { id: "write-verify", tolerance: 0.05, pulses: 20 },
        { id: "stuck", pStuckOff: 0.01 },
      ],
      ...converters,
    });
    const { results } = await evaluate({ ...options, chip });
    const [first] = results[0]!.layers as unknown as readonly Record<string, unknown>[];
    // 8 filters of 9 weights, in pairs of 4 cells.
    expect(first).toMatchObject({
      layer: "conv1",
      blocks: 1,
      inputs: 9,
      outputs: 8,
      arms: 2,
      slices: 4,
      tiles: 8,
      cells: 576,
    });
    expect(first!.writes).toBeGreaterThan(576 * 1.2);
    expect(first!.stuckOff).toBeGreaterThan(0);
    // 64 pixels of 9 inputs; 64 pixels of 8 sums of 4 slices.
    const { inputs, sums } = first!.conversions as Record<string, { perInference: number; clipped: number }>;
    expect([inputs!.perInference, sums!.perInference]).toEqual([576, 2048]);
    expect(sums!.clipped).toBeLessThan(0.05);
  });

  it("recalibrates batch norms on each chip, and leaves the model as it was", async () => {
    const net = toyNet({ seed: 3, batchNorm: true });
    const before = [...net.parameters.values()].map((one) => one.floats());
    const plain: GivenChip = {
      device: "pcm",
      mapping: { weightBits: null },
      effects: [{ id: "programming" }, { id: "drift" }],
    };
    const { data, normalisation } = options;
    const errors = await Promise.all(
      (["none", "recalibrate"] as const).map(async (norms) => {
        const chip = defineChip({ ...plain, compensation: { norms } });
        const run = { model: net, inputs: { image: { data, normalisation } }, chips: 2, chip, time: 3.15e7 };
        return (await evaluateDeviation(run)).results[0]!.relativeError.mean;
      }),
    );
    expect(errors[0]).not.toBe(errors[1]);
    expect([...net.parameters.values()].map((one) => one.floats())).toEqual(before);
    net.dispose();
  });

  it("predicts what evaluate counts", async () => {
    const chip = defineChip(chips["converters and read noise"]!);
    const { data } = options;
    const { results } = await evaluate({ ...options, chip, chips: 1, time: 60, calibrationSamples: 32 });
    const on = { chip, time_s: 60, calibrationSamples: 32, seed: 5, index: 0 };
    const { argmax } = predict({ ...options, on });
    const right = argmax.filter((label, i) => label === data.labels[i]).length;
    expect(results[0]!.accuracy.mean).toBeCloseTo((100 * right) / data.count, 10);
  });

  it.each<[object, RegExp]>([
    [{ device: "rram1" }, /^device: expected none beside chip, which has its own, got rram1$/],
    [{ weightBits: 4 }, /^weightBits: expected none beside chip/],
    [{ perSample: true }, /^perSample: expected none beside chip/],
    [{ time: [3600] }, /^time_s: expected 0 or one of 1, 86400, 172800/],
    [{ chip: "rram9" }, /^chip: expected one of .*pcm.*, or a chip, got "rram9"$/],
    [{ chip: { device: "pcm", tile: { lines: 3 } } }, /tile: .*lines/],
  ])("refuses %o", async (change, message) => {
    const chip = defineChip({ device: "reram-wan2022" });
    await expect(evaluate({ ...options, chip, ...change } as EvaluateOptions)).rejects.toThrow(message);
  });
});
