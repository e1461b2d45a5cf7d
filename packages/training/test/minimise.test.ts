import { describe, expect, it } from "vitest";
import { firstOrderVariance, minimise, type Sensitivities } from "../src/equalise/minimise.js";
import type { Problem, Term } from "../src/equalise/problem.js";
import { addGrid, addProducts, gridOf } from "../src/equalise/rows.js";

/** Numbers between 0.1 and 1.1 that differ. */
const numbers = (count: number, seed: number) =>
  Float64Array.from({ length: count }, (_, i) => 0.1 + (((i + 3 * seed) * 7919) % 101) / 101);

/** A weight [outputs, inputs] with an element for each pair of its slots. */
function term(seed: number, rows: readonly number[], columns: readonly number[]): Term {
  const slots = Int32Array.from([...new Set([...rows, ...columns])]);
  const pairs = rows.flatMap((row) => columns.map((column) => [column, row].map((slot) => slots.indexOf(slot))));
  const values = numbers(pairs.length, seed);
  return {
    slots,
    first: Int32Array.from(pairs, ([column]) => column!),
    second: Int32Array.from(pairs, ([, row]) => row!),
    largest: Float32Array.from(values),
    squares: values.map((value) => value * value),
    counts: new Int32Array(pairs.length).fill(1),
  };
}

/** Layers of 3, 4 and 5 channels: slots of factors are 5 + number, of their inverses 5 − number. */
const problem: Problem = {
  count: 5,
  terms: [
    term(0, [4, 3], [5]),
    term(1, [2, 1, 0], [6, 7]),
    term(2, [5], [8, 9, 10]),
    // A sum of two channels that share a factor.
    term(3, [4, 5], [6]),
  ],
  numberOf: () => 0,
};
const last = <T>(work: Generator<unknown, T>): T => {
  for (;;) {
    const { done, value } = work.next();
    if (done) return value as T;
  }
};
const ones = new Float64Array(5).fill(1);

describe("minimise", () => {
  const measured: Sensitivities = problem.terms.map(({ counts }, i) => numbers(counts.length, 7 + i));
  const alike: Sensitivities = problem.terms.map(({ counts }) => Float64Array.from(counts, (count) => count / 3));

  it.each([
    ["measured", measured],
    ["alike", alike],
  ])("finds the minimum for %s sensitivities, from anywhere", (_, sensitivities) => {
    const found = last(minimise(problem, sensitivities, { factors: ones }));
    const least = firstOrderVariance(problem, sensitivities, found);
    expect(least).toBeLessThan(0.95 * firstOrderVariance(problem, sensitivities, ones));
    for (let i = 0; i < 5; i++) {
      for (const by of [0.8, 0.95, 1.05, 1.25]) {
        const other = found.map((factor, k) => (k === i ? factor * by : factor));
        expect(firstOrderVariance(problem, sensitivities, other)).toBeGreaterThan(0.999 * least);
      }
    }
    const far = Float64Array.from([4, 0.2, 1, 8, 0.5]);
    const again = last(minimise(problem, sensitivities, { factors: far }));
    expect(firstOrderVariance(problem, sensitivities, again)).toBeLessThan(1.01 * least);
  });

  it("leaves factors that are held", () => {
    const isHeld = Uint8Array.from([0, 1, 0, 0, 0]);
    const start = Float64Array.from([1, 3, 1, 1, 1]);
    const found = last(minimise(problem, measured, { factors: start, isHeld }));
    expect(found[1]).toBe(3);
    expect([...found].filter((factor) => factor === 1)).toEqual([]);
  });
});

describe("a matrix", () => {
  const rows = {
    ends: Int32Array.of(0, 2, 4),
    columns: Int32Array.of(0, 1, 0, 1),
    values: new Float64Array(4).fill(0.5),
  };
  const table = Float64Array.of(2, 3, 5);
  const products = (add: (sums: Float64Array) => number) => {
    const sums = new Float64Array(3);
    return [add(sums), ...sums];
  };

  it("multiplies its elements by a table, and adds them by row and column", () => {
    const expected = [0.5 * (6 + 9 + 10 + 15), 0.5 * (6 + 10), 0.5 * (9 + 15 + 6 + 9), 0.5 * (10 + 15)];
    expect(products((sums) => addProducts(rows, table, sums))).toEqual(expected);
    expect(products((sums) => addGrid(gridOf(rows)!, table, sums))).toEqual(expected);
  });

  it("is no grid with other values, or with fewer", () => {
    expect(gridOf({ ...rows, values: Float64Array.of(1, 1, 1, 2) })).toBeUndefined();
    expect(gridOf({ ...rows, ends: Int32Array.of(1, 2, 4) })).toBeUndefined();
    expect(
      gridOf({ ends: Int32Array.of(0, 0), columns: new Int32Array(0), values: new Float64Array(0) }),
    ).toBeDefined();
  });
});
