import {
  halfWidth,
  mean,
  percentInterval,
  percentile,
  sampleStatistics,
  standardDeviation,
  studentFromNormal,
} from "@neft/evaluation";
import { describe, expect, it } from "vitest";

describe("statistics", () => {
  it("mean and standard deviation of known numbers", () => {
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(mean(values)).toBe(5);
    expect(standardDeviation(values)).toBeCloseTo(Math.sqrt(32 / 7), 14);
    expect(standardDeviation([3])).toBeNull();
    expect(standardDeviation([3, 3, 3])).toBe(0);
  });

  it("percentiles interpolate between order statistics", () => {
    const values = [15, 20, 35, 40, 50];
    expect([0, 5, 25, 40, 50, 100].map((p) => percentile(values, p))).toEqual([15, 16, 20, 29, 35, 50]);
    expect(percentile([7], 5)).toBe(7);
    expect(values).toEqual([15, 20, 35, 40, 50]);
  });

  it("a 95 % interval uses Student's t", () => {
    // n = 8, t(7) = 2.364624: scipy.stats.t.ppf(0.975, 7).
    const values = [2, 4, 4, 4, 5, 5, 7, 9];
    expect(halfWidth(values)).toBeCloseTo((2.364624 * Math.sqrt(32 / 7)) / Math.sqrt(8), 6);
    expect(halfWidth([1])).toBeNull();
  });

  it.each([
    [1.959963984540054, 11, 2.200985],
    [1.959963984540054, 20, 2.085963],
    [1.959963984540054, 99, 1.984217],
    [2.5758293035489004, 15, 2.946713],
    [2.9, 23, 3.2268],
  ])("Student's point for z = %f and %i degrees of freedom", (z, dof, t) => {
    expect(studentFromNormal(z, dof)).toBeCloseTo(t, 4);
  });

  it("summarises one number and many", () => {
    expect(sampleStatistics([98.5])).toEqual({ mean: 98.5, std: null, ci95: null, p5: 98.5, worst: 98.5 });
    const { ci95, worst, p5 } = sampleStatistics([90, 92, 94]);
    expect(ci95).toEqual(percentInterval([90, 92, 94]));
    expect([worst, p5]).toEqual([90, 90.2]);
  });

  it("an interval of percentages holds the means whose scaled deviation reaches the sample mean", () => {
    for (const values of [
      [90, 92, 94],
      [50, 60],
      [99.5, 99.9, 100],
      [0, 0.1],
    ]) {
      const m = mean(values);
      const half = halfWidth(values)!;
      for (const end of percentInterval(values)!) {
        const reach = half * Math.sqrt((end * (100 - end)) / (m * (100 - m)));
        expect(Math.abs(end - m)).toBeCloseTo(reach, 9);
      }
    }
    expect(percentInterval([7])).toBeNull();
    expect(percentInterval([42.1, 42.1, 42.1])).toEqual([42.1, 42.1]);
    // Their mean rounds to 100.
    expect(percentInterval([100 - 1.5e-14, 100, 100])).toEqual([100, 100]);
    expect([percentInterval([0, 0]), percentInterval([100, 100])]).toEqual([
      [0, 0],
      [100, 100],
    ]);
  });

  it("an interval of many chips equals Student's", () => {
    const values = Array.from({ length: 1000 }, (_, i) => 90 + (i % 7));
    const [low, high] = percentInterval(values)!;
    expect([(low + high) / 2, (high - low) / 2]).toEqual([
      expect.closeTo(mean(values), 2),
      expect.closeTo(halfWidth(values)!, 2),
    ]);
  });

  it("no interval leaves 0 to 100", () => {
    for (const values of [
      [0, 10],
      [10, 10.1],
      [0, 100],
      [100, 99.9],
      [0, 0, 0, 0.01],
      [100, 100, 100, 0],
      [1e-9, 0],
    ]) {
      for (const z of [undefined, 2.9]) {
        const [low, high] = percentInterval(values, z)!;
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(100);
        expect(low <= mean(values) && mean(values) <= high).toBe(true);
      }
    }
    for (const value of [-1, 100.5, Number.NaN]) {
      expect(() => percentInterval([50, value])).toThrow("percentInterval: expected percentages from 0 to 100, got");
    }
  });

  it("an interval of few chips covers the mean as often as Student's, and more often near 0 and 100", () => {
    let state = 12345;
    const uniform = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state / 2 ** 32;
    };
    // Distributions like those of chip accuracies: narrow, skewed, and piled up at an end.
    const chips: Record<string, { draw: () => number; truth: number }> = {
      narrow: { draw: () => 90 + 4 * uniform(), truth: 92 },
      "skewed below 100": { draw: () => 100 - 40 * uniform() * uniform() * uniform(), truth: 95 },
      "skewed above 0": { draw: () => 60 * uniform() * uniform(), truth: 15 },
      wide: { draw: () => 100 * uniform(), truth: 50 },
    };
    const runs = 4000;
    for (const [name, { draw, truth }] of Object.entries(chips)) {
      for (const n of [2, 3, 5, 20]) {
        let [ours, students] = [0, 0];
        for (let run = 0; run < runs; run++) {
          const values = Array.from({ length: n }, draw);
          const [low, high] = percentInterval(values)!;
          if (low <= truth && truth <= high) ours++;
          if (Math.abs(mean(values) - truth) <= halfWidth(values)!) students++;
        }
        // Both intervals use the same samples, so the difference counts the samples in which only one covers the mean.
        expect(ours / runs, `${name}, ${n} chips: Student's ${students / runs}`).toBeGreaterThan(
          Math.min(0.94, students / runs - 0.015),
        );
      }
    }
  });

  it("refuses an empty list and numbers outside 0 to 100", () => {
    expect(() => sampleStatistics([])).toThrow(new RangeError("mean: expected at least one number, got none"));
    expect(() => percentile([1], 101)).toThrow("percentile: expected 0 to 100, got 101");
  });
});
