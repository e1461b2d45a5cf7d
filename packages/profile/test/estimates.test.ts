import { resolve } from "@neft/options";
import { describe, expect, it } from "vitest";
import { fastestHalf } from "../src/averages.js";
import { estimate } from "../src/estimates.js";
import { benchmarkSettings } from "../src/settings.js";

describe("estimate", () => {
  const study = { sigma: [0.1, 0.2], chips: 50, samples: 4000, trainingSamples: 11_000, epochs: 3, batch: 100 };
  const settings = resolve(benchmarkSettings, study);

  it("scales a chip with its samples, but not its programming", () => {
    // A chip of 1,000 samples takes 200 ms, 100 of them for the draw: one of 4,000 takes 500 ms.
    const evaluation = [{ threads: 1, samples: 1000, chipsPerSecond: 5 }];
    const rates = { programming: 100, evaluation, training: [] };
    expect(estimate(settings, rates).evaluation).toEqual([{ threads: 1, seconds: 101 * 0.5 }]);
  });

  it("divides the programming among threads", () => {
    const evaluation = [{ threads: 4, samples: 1000, chipsPerSecond: 20 }];
    const rates = { programming: 100, evaluation, training: [] };
    expect(estimate(settings, rates).evaluation[0]!.seconds).toBeCloseTo(101 * 0.125, 10);
  });

  it("counts whole steps, the samples held out, and the validations", () => {
    const evaluation = [{ threads: 1, samples: 1000, chipsPerSecond: 10 }];
    const training = [{ strategy: "ovf", threads: 1, stepsPerSecond: 4 }];
    const { finetuning } = estimate(settings, { programming: 0, evaluation, training });
    // 2,200 of 11,000 samples are held out, which leaves 88 steps; 4 validations of 4 chips of 0.22 s.
    expect(finetuning).toHaveLength(1);
    expect(finetuning[0]!.seconds).toBeCloseTo((3 * 88) / 4 + 4 * 4 * 0.22, 10);
  });

  it("never predicts less than nothing when programming takes all of the measured time", () => {
    const evaluation = [{ threads: 1, samples: 10, chipsPerSecond: 1000 }];
    const rates = { programming: 50, evaluation, training: [] };
    expect(estimate(settings, rates).evaluation[0]!.seconds).toBeCloseTo(101 * 0.001, 10);
  });
});

describe("fastestHalf", () => {
  it("averages the faster half, at least one time", () => {
    expect(fastestHalf([9, 1, 100, 3])).toBe(2);
    expect(fastestHalf([5, 1, 3])).toBe(2);
    expect(fastestHalf([7])).toBe(7);
  });
});
