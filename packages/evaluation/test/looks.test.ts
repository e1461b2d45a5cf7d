import { readFileSync } from "node:fs";
import { halfWidth, looksUpTo, mean, standardDeviation } from "@neft/evaluation";
import { describe, expect, it } from "vitest";

/** P(|Z_k| < c for k = 1 … looks) for a stationary Markov chain of standard normals with correlation rho, by Simpson's rule. */
function probabilityInside(c: number, looks: number, rho: number): number {
  const cells = 200;
  const width = (2 * c) / cells;
  const points = Array.from({ length: cells + 1 }, (_, i) => -c + i * width);
  const weights = points.map((_, i) => (i === 0 || i === cells ? width / 3 : ((i % 2 === 0 ? 2 : 4) * width) / 3));
  const density = (z: number): number => Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  const s = Math.sqrt(1 - rho * rho);
  const step = points.map((y) => points.map((x, j) => (weights[j]! * density((y - rho * x) / s)) / s));
  let f = points.map(density);
  for (let k = 1; k < looks; k++) f = step.map((row) => row.reduce((sum, value, j) => sum + value * f[j]!, 0));
  return f.reduce((sum, value, i) => sum + value * weights[i]!, 0);
}

/** A uniform random generator for simulations. */
function uniform(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

const measured: { images: number; correct: Record<string, number[]> } = JSON.parse(
  readFileSync(new URL("./golden/chipAccuracies.json", import.meta.url), "utf8"),
);

/** Fraction of runs, on chips drawn from `chips`, whose interval at the stop covers the mean of all chips. */
function coverage(chips: readonly number[], precision: number, cap: number, runs: number): number {
  const { chips: looks, z } = looksUpTo(cap);
  const truth = mean(chips);
  const draw = uniform(7);
  let covered = 0;
  for (let run = 0; run < runs; run++) {
    const seen: number[] = [];
    for (const look of looks) {
      while (seen.length < look) seen.push(chips[Math.floor(draw() * chips.length)]!);
      const half = halfWidth(seen, z)!;
      if (half > precision && look < cap) continue;
      if (Math.abs(mean(seen) - truth) <= half) covered++;
      break;
    }
  }
  return covered / runs;
}

describe("looks", () => {
  it("have a ratio of about √2 and end at the cap", () => {
    expect(looksUpTo(100).chips).toEqual([24, 34, 48, 68, 96, 100]);
    expect(looksUpTo(48).chips).toEqual([24, 34, 48]);
    expect(looksUpTo(5)).toEqual({ chips: [5], z: 1.959963984540054 });
    expect(() => looksUpTo(0)).toThrow("chips: expected a whole number ≥ 1, got 0");
    expect(() => looksUpTo(1e9)).toThrow("chips: expected at most 393216 with a precision, got 1000000000");
  });

  it("use the quantile at which all intervals cover the mean with probability 0.95", () => {
    const caps = [10, 30, 40, 60, 90, 120, 180, 250, 360, 500, 5000, 393_216];
    for (const cap of caps) {
      const { chips, z } = looksUpTo(cap);
      expect(probabilityInside(z, chips.length, 2 ** -0.25), `${chips.length} looks`).toBeCloseTo(0.95, 4);
    }
  });

  it("cover the mean of real, skewed chip accuracies at the stop in at least 94 % of runs", () => {
    const found: Record<string, number> = {};
    for (const [name, correct] of Object.entries(measured.correct)) {
      const accuracies = correct.map((count) => (100 * count) / measured.images);
      const std = standardDeviation(accuracies)!;
      // Precisions reached around these numbers of chips: at the first look, in the middle, at the cap.
      for (const chips of [20, 60, 200, 900]) {
        found[`${name}, about ${chips} chips`] = coverage(accuracies, (2.6 * std) / Math.sqrt(chips), 1000, 1500);
      }
    }
    // With 1,500 runs, the standard error of a coverage of 0.97 is 0.0044.
    expect(Object.entries(found).filter(([, share]) => share < 0.95)).toEqual([]);
  });
});
