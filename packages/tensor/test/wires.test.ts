import { readFileSync } from "node:fs";
import { init, memoryUse } from "@neft/kernels";
import { effectiveConductances, solveWires, stream, uniforms, type WiredArray } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

/** Currents of crossbars with wires, solved for all nodes by badcrossbar 1.1.0. */
interface GoldenCase {
  readonly rows: number;
  readonly cols: number;
  readonly rWire_ohm: number;
  readonly v_V: number[];
  readonly g_S: number[][];
  readonly i_A: number[];
}

const golden: { cases: GoldenCase[] } = JSON.parse(
  readFileSync(new URL("./golden/wires.json", import.meta.url), "utf8"),
);

function solved(array: WiredArray): Float64Array {
  const steps = solveWires(array);
  for (;;) {
    const { done, value } = steps.next();
    if (done) return value;
  }
}

const random = (rows: number, cols: number, resistance: number): WiredArray => {
  const u = uniforms(stream(5, { purpose: "wires", name: `${rows}x${cols}` }), rows * cols);
  return { rows, cols, conductances: u.map((value) => 4e-5 * (0.1 + 0.9 * value)), resistance };
};

describe("wires", () => {
  it.each(golden.cases)("currents of $rows × $cols cells are those of a nodal solution", (each) => {
    const { rows, cols, rWire_ohm: resistance, v_V: v, g_S: g, i_A: currents } = each;
    const array = { rows, cols, conductances: Float64Array.from(g.flat()), resistance };
    for (const [effective, error] of [[solved(array), 1e-9] as const, [effectiveConductances(array), 5e-3] as const]) {
      for (const [col, wanted] of currents.entries()) {
        const ideal = v.reduce((sum, volts, row) => sum + volts * g[row]![col]!, 0);
        const current = v.reduce((sum, volts, row) => sum + volts * effective[row * cols + col]!, 0);
        // The error of the approximation is one of the deviation.
        const scale = error === 1e-9 ? wanted : ideal - wanted;
        expect(Math.abs(current - wanted) / scale).toBeLessThan(error);
      }
    }
  });

  it("a wide array is the tall one with sources and grounds exchanged", () => {
    const [rows, cols] = [5, 8];
    const wide = random(rows, cols, 300);
    const at = (row: number, col: number) => (cols - 1 - col) * rows + rows - 1 - row;
    const conductances = new Float64Array(rows * cols);
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) conductances[at(row, col)] = wide.conductances[row * cols + col]!;
    }
    const tall = { rows: cols, cols: rows, conductances, resistance: 300 };
    const [ofWide, ofTall] = [solved(wide), solved(tall)];
    const [nearWide, nearTall] = [effectiveConductances(wide), effectiveConductances(tall)];
    for (let row = 0; row < rows; row++) {
      for (let col = 0; col < cols; col++) {
        const i = row * cols + col;
        expect(ofWide[i]).toBe(ofTall[at(row, col)]);
        expect(ofWide[i]! / wide.conductances[i]!).toBeGreaterThan(0.3);
        expect(ofWide[i]! / wide.conductances[i]!).toBeLessThan(1);
        expect(nearWide[i]! / ofWide[i]!).toBeCloseTo(1, 1);
        expect(nearTall[at(row, col)]! / ofWide[i]!).toBeCloseTo(1, 1);
      }
    }
  });

  it("the approximation neglects 3 % of the deviation at most", () => {
    for (const n of [16, 64, 128]) {
      const array = random(n, n, 1);
      const [exact, near] = [solved(array), effectiveConductances(array)];
      let [errors, deviations] = [0, 0];
      for (const [i, value] of exact.entries()) {
        errors += (near[i]! - value) ** 2;
        deviations += (array.conductances[i]! - value) ** 2;
      }
      expect(Math.sqrt(errors / deviations)).toBeLessThan(0.03);
      expect(deviations).toBeGreaterThan(0);
    }
  });

  it("wires without resistance and cells without conductance change nothing", () => {
    const array = random(3, 4, 0);
    for (const solve of [solved, effectiveConductances]) {
      expect([...solve(array)]).toEqual([...array.conductances]);
      expect([...solve({ ...array, conductances: new Float32Array(12), resistance: 2 })]).toEqual(Array(12).fill(0));
    }
  });

  it("can be stopped between rows and then keeps no memory", () => {
    const before = memoryUse().live;
    const steps = solveWires(random(9, 7, 1));
    expect(steps.next().value).toBeCloseTo(1 / 9);
    expect(steps.next().value).toBeCloseTo(2 / 9);
    expect(memoryUse().live).toBeGreaterThan(before);
    steps.return(new Float64Array(0));
    solved(random(9, 7, 1));
    effectiveConductances(random(9, 7, 1));
    expect(memoryUse().live).toBe(before);
  });

  it("two solutions may alternate", () => {
    const arrays = [random(4, 6, 100), random(6, 5, 300)];
    const running = arrays.map((array) => solveWires(array));
    const results: (Float64Array | undefined)[] = [undefined, undefined];
    for (let round = 0; round < 8; round++) {
      for (const [i, steps] of running.entries()) {
        const { done, value } = steps.next();
        if (done) results[i] ??= value;
      }
    }
    expect(results).toEqual(arrays.map(solved));
  });

  it("say what is wrong with an array", () => {
    const array = random(3, 4, 1);
    const cases: readonly (readonly [Partial<WiredArray>, string])[] = [
      [{ rows: 0 }, "rows: expected a whole number ≥ 1, got 0"],
      [{ cols: 1.5 }, "cols: expected a whole number ≥ 1, got 1.5"],
      [{ rows: 4 }, "conductances: expected 16 values, got 12"],
      [{ resistance: -1 }, "resistance: expected a finite number ≥ 0, got -1"],
      [{ resistance: Number.NaN }, "resistance: expected a finite number ≥ 0, got NaN"],
      [{ conductances: array.conductances.map(() => -1) }, "conductances: expected finite numbers ≥ 0, got -1"],
      [
        { conductances: array.conductances.map(() => Number.NaN) },
        "conductances: expected finite numbers ≥ 0, got NaN",
      ],
    ];
    for (const [given, message] of cases) {
      expect(() => effectiveConductances({ ...array, ...given })).toThrow(`effectiveConductances: ${message}`);
      expect(() => solveWires({ ...array, ...given }).next()).toThrow(`solveWires: ${message}`);
    }
  });
});
