import { readFileSync } from "node:fs";
import {
  meanEstimate,
  pairedDifference,
  percentInterval,
  percentileEstimate,
  shareEstimate,
  shareReaching,
} from "@neft/evaluation";
import { describe, expect, it } from "vitest";

/** P(B = k) for n successes of probability p, by its definition. */
function binomial(n: number, p: number, k: number): number {
  let choices = 1;
  for (let i = 0; i < k; i++) choices = (choices * (n - i)) / (i + 1);
  return choices * p ** k * (1 - p) ** (n - k);
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);

describe("shareEstimate", () => {
  it("has Wilson's intervals", () => {
    // (p + z²/2n ± z·√(p(1 − p)/n + z²/4n²)) / (1 + z²/n).
    const { share, ci95, ci99 } = shareEstimate(8, 10);
    expect(share).toBe(0.8);
    expect(ci95).toEqual([expect.closeTo(0.490162, 5), expect.closeTo(0.943318, 5)]);
    expect(ci99).toEqual([expect.closeTo(0.400819, 5), expect.closeTo(0.959869, 5)]);
  });

  it("holds the p whose distance from the share is z standard errors, and ends at 0 and 1", () => {
    for (const [count, n] of [
      [3, 20],
      [1, 7],
      [99, 100],
    ] as const) {
      for (const end of shareEstimate(count, n).ci95!)
        expect(Math.abs(count / n - end)).toBeCloseTo(1.959964 * Math.sqrt((end * (1 - end)) / n), 6);
    }
    expect(shareEstimate(0, 9).ci95![0]).toBe(0);
    expect(shareEstimate(9, 9).ci95![1]).toBe(1);
  });

  it("counts values that reach a number, that number included", () => {
    expect(shareReaching([89.99, 90, 95, 20], 90)).toEqual(shareEstimate(2, 4));
  });

  it("refuses counts that can't be", () => {
    expect(() => shareEstimate(3, 2)).toThrow("shareEstimate: count: expected a whole number ≥ 0 and ≤ 2, got 3");
    expect(() => shareReaching([], 90)).toThrow("shareEstimate: n: expected a whole number ≥ 1, got 0");
  });
});

describe("percentileEstimate", () => {
  it("takes the fewest ranks whose binomial probability reaches the level", () => {
    for (const percent of [1, 5, 10, 50, 90]) {
      for (const n of [1, 2, 5, 6, 40, 59, 100, 200]) {
        const { ci95, ci99, value } = percentileEstimate(upTo(n), percent);
        for (const [level, interval] of [
          [0.95, ci95],
          [0.99, ci99],
        ] as const) {
          const p = upTo(n + 1).map((k) => binomial(n, percent / 100, k - 1));
          // Ranks l < u: P(l ≤ B < u).
          const probability = (low: number, high: number) => p.slice(low, high).reduce((sum, one) => sum + one, 0);
          const spans = upTo(n).flatMap((low) =>
            upTo(n).flatMap((high) => (high > low && probability(low, high) >= level ? [high - low] : [])),
          );
          const who = `percentile ${percent} of ${n} at ${level}`;
          if (interval === null) expect(spans, who).toEqual([]);
          else {
            const [low, high] = interval;
            expect(probability(low, high), who).toBeGreaterThanOrEqual(level - 1e-12);
            expect(high - low, who).toBe(Math.min(...spans));
            expect(low <= value && value <= high, who).toBe(true);
          }
        }
      }
    }
  });

  it("says how many values an interval needs, and has none for fewer", () => {
    for (const percent of [1, 5, 50, 99]) {
      const { needs } = percentileEstimate([1], percent);
      for (const [i, name] of (["ci95", "ci99"] as const).entries()) {
        expect(percentileEstimate(upTo(needs[i]!), percent)[name], `${percent} ${name}`).not.toBeNull();
        expect(percentileEstimate(upTo(needs[i]! - 1), percent)[name], `${percent} ${name}`).toBeNull();
      }
    }
    expect(percentileEstimate([1], 5).needs).toEqual([59, 90]);
  });

  it("takes many values, equal values and values in any order", () => {
    const many = Float64Array.from({ length: 100_000 }, (_, i) => (i * 7919) % 100_000);
    const { value, ci95 } = percentileEstimate(many, 5);
    expect(value).toBeCloseTo(4999.95, 6);
    // 5000 ± 1.96·√(100,000·0.05·0.95).
    expect(ci95).toEqual([expect.closeTo(4865, -1), expect.closeTo(5135, -1)]);
    expect(many[1]).toBe(7919);
    expect(percentileEstimate(Array(100).fill(97), 5).ci95).toEqual([97, 97]);
  });

  it("refuses no values and percents at the ends", () => {
    expect(() => percentileEstimate([], 5)).toThrow("expected at least one number, got none");
    for (const percent of [0, 100, 1e-9, Number.NaN])
      expect(() => percentileEstimate([1], percent)).toThrow("percentileEstimate: percent: expected a number ≥ 0.01");
  });
});

describe("pairedDifference", () => {
  it("is the mean of the differences with Student's intervals", () => {
    const [a, b] = [
      [91, 93, 97, 90],
      [90, 93, 94, 88],
    ];
    expect(pairedDifference(a!, b!)).toEqual({ pairs: 4, ...meanEstimate([1, 0, 3, 2]) });
    // t(3) = 3.182446 and 5.840909; the standard deviation is √(5/3).
    const { mean, ci95, ci99 } = pairedDifference(a!, b!);
    expect(mean).toBe(1.5);
    const error = Math.sqrt(5 / 3) / 2;
    expect(ci95![1]).toBeCloseTo(1.5 + 3.182446 * error, 6);
    expect(ci99![0]).toBeCloseTo(1.5 - 5.840909 * error, 6);
    expect(pairedDifference([2], [1])).toEqual({ pairs: 1, mean: 1, std: null, ci95: null, ci99: null });
  });

  it("refuses lists of different lengths", () => {
    expect(() => pairedDifference([1, 2], [1])).toThrow(
      "pairedDifference: expected two lists of one length, got 2 and 1 numbers",
    );
  });
});

describe("coverage on resampled real chips", () => {
  const measured: { images: number; correct: Record<string, number[]> } = JSON.parse(
    readFileSync(new URL("./golden/chipAccuracies.json", import.meta.url), "utf8"),
  );
  // bench/coverage.mjs has more chips and runs.
  const runs = 2000;

  it.each(Object.entries(measured.correct))("of the mean, percentiles and yield: %s", (_, correct) => {
    const chips = correct.map((count) => (100 * count) / measured.images);
    const sorted = [...chips].sort((a, b) => a - b);
    const mean = chips.reduce((sum, one) => sum + one, 0) / chips.length;
    /** The least value that at least this share of the chips doesn't exceed. */
    const quantile = (percent: number) => sorted[Math.ceil((percent / 100) * sorted.length) - 1]!;
    const least = quantile(20);
    const yieldOf = chips.filter((one) => one >= least).length / chips.length;
    let state = 1;
    const draw = () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return chips[Math.floor((state / 2 ** 32) * chips.length)]!;
    };
    const covered = { mean95: 0, mean99: 0, p5: 0, p50: 0, yield: 0 };
    for (let run = 0; run < runs; run++) {
      const drawn = Array.from({ length: 100 }, draw);
      const holds = (interval: readonly [number, number] | null, truth: number): number =>
        Number(interval![0] <= truth && truth <= interval![1]);
      covered.mean95 += holds(percentInterval(drawn), mean);
      covered.mean99 += holds(percentInterval(drawn, 2.5758293035489004), mean);
      covered.p5 += holds(percentileEstimate(drawn, 5).ci95, quantile(5));
      covered.p50 += holds(percentileEstimate(drawn, 50).ci95, quantile(50));
      covered.yield += holds(shareReaching(drawn, least).ci95, yieldOf);
    }
    // With 2,000 runs, the standard error of a coverage of 0.95 is 0.005.
    expect(covered.mean95 / runs).toBeGreaterThan(0.93);
    expect(covered.mean95 / runs).toBeLessThan(0.97);
    expect(covered.mean99 / runs).toBeGreaterThan(0.975);
    for (const name of ["p5", "p50", "yield"] as const) expect(covered[name] / runs, name).toBeGreaterThan(0.93);
  });
});
