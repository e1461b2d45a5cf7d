import { halfWidth, mean, percentile, sampleStatistics, standardDeviation, studentFromNormal } from "@neft/training";
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
    expect(ci95![0]).toBeCloseTo(92 - 4.302653 * (2 / Math.sqrt(3)), 5);
    expect(ci95![1]).toBeCloseTo(92 + 4.302653 * (2 / Math.sqrt(3)), 5);
    expect([worst, p5]).toEqual([90, 90.2]);
  });

  it("refuses nothing and percentages that are none", () => {
    expect(() => sampleStatistics([])).toThrow(new RangeError("mean: expected at least one number, got none"));
    expect(() => percentile([1], 101)).toThrow("percentile: expected 0 to 100, got 101");
  });
});
