import { readFileSync } from "node:fs";
import { devices, rram1, rram4, weightChip, withSigma } from "@neft/crossbar";
import { take } from "@neft/data";
import {
  createEvaluationState,
  disposeEvaluationState,
  type EvaluateOptions,
  evaluate,
  evaluateChips,
  looksUpTo,
  sampleStatistics,
} from "@neft/evaluation";
import { init, memoryUse, resetPeak } from "@neft/kernels";
import type { Model } from "@neft/model";
import { assign, type Tensor } from "@neft/tensor";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cloningWorkers, toyImages, toyNet, toyNormalisation } from "./toy.js";

/** Weights by name: little-endian float32 in base64. */
const learnt: Record<string, string> = JSON.parse(
  readFileSync(new URL("./golden/toy-weights.json", import.meta.url), "utf8"),
);

function floatsOf(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)).buffer);
}

let model: Model;
let options: EvaluateOptions;

beforeAll(async () => {
  await init();
  model = toyNet({ seed: 3 });
  const data = toyImages(450);
  const normalisation = toyNormalisation(data);
  // A trained network (golden/README.md), because an untrained one makes the same errors on all chips.
  for (const [name, parameter] of model.parameters) assign(parameter, floatsOf(learnt[name]!));
  const test = toyImages(450, { seed: 2 });
  options = { model, data: test, normalisation, device: rram1, sigma: [0, 0.2], chips: 7, seed: 5 };
});

describe("evaluate", () => {
  it("equals the digital result at σ = 0 and on ideal devices, for any number of chips", async () => {
    for (const [device, sigma] of [
      [rram1, 0],
      [rram4, 0],
      [devices.get("ideal")!, 0.4],
    ] as const) {
      const { digital, results } = await evaluate({ ...options, device, sigma: [sigma] });
      const { accuracy, confidence, mutualInformation } = results[0]!;
      expect(accuracy.mean).toBe(digital.accuracy);
      expect(accuracy.worst).toBe(digital.accuracy);
      expect(accuracy.p5).toBe(digital.accuracy);
      expect(accuracy.std).toBe(0);
      expect(accuracy.ci95).toEqual([digital.accuracy, digital.accuracy]);
      expect(confidence).toEqual(digital.confidence);
      expect(mutualInformation).toBe(0);
    }
  });

  it("gives the same bits for any number of workers and any order of jobs", async () => {
    for (const perSample of [false, true]) {
      const alone = await evaluate({ ...options, perSample });
      for (const count of [1, 2, 7]) {
        expect(await evaluate({ ...options, perSample, workers: cloningWorkers(count, count) }), `${count}`).toEqual(
          alone,
        );
      }
      expect(await evaluate({ ...options, perSample })).toEqual(alone);
    }
  });

  it("gives chip i the same draw for any number of chips", async () => {
    const [few, many] = await Promise.all([2, 6].map((chips) => evaluate({ ...options, sigma: [0.2], chips })));
    expect(few!.results[0]!.accuracy.mean).not.toBe(many!.results[0]!.accuracy.mean);
    const first = await evaluate({ ...options, sigma: [0.2], chips: 1 });
    const { accuracy } = first.results[0]!;
    expect(accuracy).toEqual({ mean: accuracy.mean, std: null, ci95: null, p5: accuracy.mean, worst: accuracy.mean });
    expect(many!.results[0]!.accuracy.worst).toBeLessThanOrEqual(accuracy.mean);
  });

  it("gives a sample the same bits in any batch", () => {
    const { data, normalisation } = options;
    for (const perSample of [false, true]) {
      const job = {
        chip: withSigma(weightChip({ device: rram4, perSample }), 0.2),
        seed: 5,
        purpose: "test",
        from: 0,
        to: 2,
        probabilities: true,
      };
      // 450 samples run in batches of 200, 200 and 50.
      const sums = [450, 230, 37, 1].map((count) => {
        const state = createEvaluationState({ model, data: take(data, count), normalisation, logits: "logits" });
        const { probabilities } = evaluateChips(state, job);
        disposeEvaluationState(state);
        return probabilities;
      });
      for (const part of sums) expect(part).toEqual(sums[0]!.slice(0, part.length));
    }
  });

  it("finds lower accuracy and more mutual information at larger σ", async () => {
    const { digital, results } = await evaluate({ ...options, sigma: [0.05, 0.4], chips: 12 });
    expect(digital.accuracy).toBeGreaterThan(80);
    expect(results[0]!.accuracy.mean).toBeGreaterThan(results[1]!.accuracy.mean + 5);
    expect(results[1]!.mutualInformation).toBeGreaterThan(results[0]!.mutualInformation + 0.05);
    for (const { confidence, mutualInformation } of results) {
      expect(confidence.right).toBeGreaterThan(confidence.wrong!);
      expect(mutualInformation).toBeLessThan(Math.log(4));
    }
  });

  it("frees all its memory", async () => {
    await evaluate(options);
    const { live } = memoryUse();
    await evaluate({ ...options, chips: 20 });
    expect(memoryUse().live).toBe(live);
  });

  it("keeps large first-layer outputs of few chips at once", () => {
    const wide = toyNet({ size: 64 });
    const data = toyImages(200, { size: 64 });
    const state = createEvaluationState({ model: wide, data, normalisation: toyNormalisation(data), logits: "logits" });
    const chip = withSigma(weightChip({ device: rram1 }), 0.2);
    const settings = { chip, seed: 1, purpose: "test", probabilities: false, from: 0 };
    const peakOf = (to: number): number => {
      resetPeak();
      evaluateChips(state, { ...settings, to });
      return memoryUse().peak;
    };
    peakOf(1);
    // One layer's output is 26 MB.
    expect(peakOf(4)).toBeLessThan(peakOf(1) + 1e6);
    disposeEvaluationState(state);
    wide.dispose();
  });

  it("names weights that can't be programmed", async () => {
    const broken = toyNet({ seed: 4 });
    const [[name, weight]] = [...broken.parameters] as [[string, Tensor]];
    assign(weight, new Float32Array(weight.size).fill(Number.NaN));
    await expect(evaluate({ ...options, model: broken })).rejects.toThrow(
      `parameter "${name}": expected finite weights, got NaN or infinite ones`,
    );
    broken.dispose();
  });

  describe("with class scores that aren't finite", () => {
    let loud: Model;
    let run: EvaluateOptions;
    /** The untrained toy network with its scores scaled by a factor. */
    const amplify = (factor: number): void => {
      loud?.dispose();
      loud = toyNet({ seed: 3 });
      const weight = [...loud.parameters.values()].at(-2)!;
      assign(
        weight,
        weight.floats().map((value) => factor * value),
      );
      run = { ...options, model: loud, sigma: [0, 0.2], chips: 8, seed: 19 };
    };
    afterAll(() => loud.dispose());
    const anyWorkers = [undefined, ...[1, 2, 3, 8].map((count) => cloningWorkers(count, count))];

    it("names the first broken chip, its σ and a remedy, for any number of workers", async () => {
      amplify(1.4e37);
      // Chip 1 breaks in the second batch, chips 2 and 3 in the first.
      const state = createEvaluationState({ ...run, logits: "logits" });
      const chip = withSigma(weightChip({ device: rram1 }), 0.2);
      const job = { chip, seed: 19, purpose: "chip", probabilities: true };
      const broken = [0, 1, 2, 3].map((from) => evaluateChips(state, { ...job, from, to: from + 1 }).broken);
      disposeEvaluationState(state);
      expect(broken.map((words) => /for sample (\d+);/.exec(words ?? "")?.[1])).toEqual([undefined, "276", "40", "16"]);

      const message = "chip 1 at σ 0.2: expected finite class scores, got Infinity for sample 276; try a lower sigma";
      for (const workers of anyWorkers) {
        await expect(evaluate({ ...run, workers })).rejects.toThrow(new Error(message));
        await expect(evaluate({ ...run, workers, precision: 1 })).rejects.toThrow(new Error(message));
      }
      const perSample = (workers: EvaluateOptions["workers"]): Promise<unknown> =>
        evaluate({ ...run, perSample: true, workers }).catch((error) => error);
      const [first, ...others] = await Promise.all(anyWorkers.map(perSample));
      expect(String(first)).toMatch(/^Error: chip \d at σ 0.2: /);
      for (const other of others) expect(other).toEqual(first);
    });

    it("names the digital network before any chip", async () => {
      amplify(1e38);
      const message =
        "digital network: expected finite class scores, got Infinity for sample 0; check the network, the samples and their scale, mean and std";
      for (const workers of anyWorkers) {
        await expect(evaluate({ ...run, sigma: [0.2], workers })).rejects.toThrow(new Error(message));
      }
    });

    it("stops after a broken chip, and frees all its memory", async () => {
      amplify(1.4e37);
      const { live } = memoryUse();
      const seen: number[] = [];
      const onProgress = ({ done }: { done: number }): number => seen.push(done);
      await expect(evaluate({ ...run, sigma: [0.2], chips: 100, onProgress })).rejects.toThrow("chip 1 at σ 0.2");
      // The digital network.
      expect(seen).toEqual([1]);
      expect(memoryUse().live).toBe(live);
    });
  });

  it("reports progress up to the total and can be aborted", async () => {
    const seen: number[] = [];
    await evaluate({ ...options, onProgress: ({ done, total }) => seen.push(done / total) });
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    // The digital network, then jobs of 4 and 3 chips for each σ.
    expect(seen.length).toBe(5);

    const controller = new AbortController();
    const aborted = evaluate({
      ...options,
      signal: controller.signal,
      onProgress: () => controller.abort(new Error("enough")),
    });
    await expect(aborted).rejects.toThrow("enough");
  });

  it("reports the accuracy of each chip", async () => {
    const chips = new Map([0, 0.2].map((sigma) => [sigma, new Float64Array(7)]));
    let digital: number | undefined;
    const { digital: exact, results } = await evaluate({
      ...options,
      onProgress: (progress) => {
        if (progress.digital) digital = progress.accuracies[0];
        else chips.get(progress.sigma)!.set(progress.accuracies, progress.from);
      },
    });
    expect(digital).toBe(exact.accuracy);
    for (const { sigma, accuracy } of results) expect(sampleStatistics(chips.get(sigma)!)).toEqual(accuracy);
  });

  it("stops at the first look that is precise enough, for any number of workers", async () => {
    const whole = await evaluate({ ...options, sigma: [0.2], chips: 150 });
    const { accuracy } = whole.results[0]!;
    const precision = (accuracy.ci95![1] - accuracy.ci95![0]) * 0.8;
    const stopped = await evaluate({ ...options, sigma: [0.2], chips: 150, precision });
    const { chips, stopping } = stopped.results[0]!;
    expect(stopping!.reached).toBe(true);
    expect(stopping!.looks.at(-1)).toBe(chips);
    expect(looksUpTo(150).chips.slice(0, stopping!.looks.length)).toEqual(stopping!.looks);
    expect(chips).toBeLessThan(150);
    const [low, high] = stopped.results[0]!.accuracy.ci95!;
    expect((high - low) / 2).toBeLessThanOrEqual(precision);
    expect(await evaluate({ ...options, sigma: [0.2], chips: 150, precision, workers: cloningWorkers(3) })).toEqual(
      stopped,
    );

    const never = await evaluate({ ...options, sigma: [0.2], chips: 30, precision: 1e-6 });
    expect(never.results[0]!).toMatchObject({ chips: 30, stopping: { reached: false, looks: [24, 30] } });
  });

  it.each<[Partial<EvaluateOptions>, string]>([
    [{ sigma: [] }, "sigma: expected at least one, got none"],
    [{ sigma: [0.1, -1] }, "sigma: expected a number ≥ 0, got -1"],
    [{ sigma: [Number.NaN] }, "sigma: expected a number ≥ 0, got NaN"],
    [{ chips: 0 }, "chips: expected a whole number ≥ 1 and ≤ 100000, got 0"],
    [{ precision: 0 }, "precision: expected a number > 0, got 0"],
    [{ weightBits: 9 }, "bitsPerCell: expected a divisor of weightBits (9), got 2"],
  ])("refuses %o", async (change, message) => {
    await expect(evaluate({ ...options, ...change })).rejects.toThrow(message);
  });

  it("refuses labels without a class, samples that don't fit, and several inputs", async () => {
    const data = toyImages(20, { classes: 6 });
    await expect(evaluate({ ...options, data })).rejects.toThrow("expected labels from 0 to 3");
    await expect(evaluate({ ...options, data: toyImages(20, { size: 9 }) })).rejects.toThrow(
      "expected samples that fit",
    );
  });
});
