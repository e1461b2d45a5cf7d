import { readFileSync } from "node:fs";
import {
  arrangementNamed,
  arrangements,
  cellFactors,
  cellsPerWeight,
  type Mapping,
  mappingOf,
  mapWeights,
  recombine,
  rram1,
  slicingFactor,
  type WeightMatrix,
  weightSigmaFactor,
} from "@neft/crossbar";
import { init } from "@neft/kernels";
import { normals, stream } from "@neft/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(async () => {
  await init();
});

const golden: {
  cases: {
    midLevelRatio: number;
    weightBits: number;
    bitsPerCell: number;
    sigma: number;
    weights: number[];
    std: number[];
  }[];
} = JSON.parse(readFileSync(new URL("./golden/variation.json", import.meta.url), "utf8"));

const mappings: fc.Arbitrary<Mapping> = fc
  .record({
    cellBits: fc.integer({ min: 1, max: 16 }),
    cells: fc.integer({ min: 1, max: 16 }),
    isQuantised: fc.boolean(),
    scale: fc.constantFrom("tensor" as const, "column" as const),
    arrangement: fc.constantFrom(...(Object.keys(arrangements) as (keyof typeof arrangements)[])),
  })
  .filter(({ cellBits, cells }) => cellBits * cells <= 16)
  .map(({ cellBits, cells, isQuantised, scale, arrangement }) => ({
    weightBits: isQuantised ? cellBits * cells : null,
    bitsPerCell: cellBits,
    scale,
    arrangement,
  }));

const matrices: fc.Arbitrary<WeightMatrix> = fc
  .record({
    outputs: fc.integer({ min: 0, max: 5 }),
    inputs: fc.integer({ min: 0, max: 7 }),
    layout: fc.constantFrom("oi" as const, "io" as const),
  })
  .chain((size) =>
    fc
      .array(fc.float({ noNaN: true, noDefaultInfinity: true, min: -1000, max: 1000 }), {
        minLength: size.outputs * size.inputs,
        maxLength: size.outputs * size.inputs,
      })
      .map((values) => ({ ...size, values: Float32Array.from(values) })),
  );

const ratios = fc.constantFrom(0, 0.01, 1 / 4.5, 0.9);

/** Smallest float32: what rounding adds to subnormal weights. */
const smallest = 2 ** -149;

/** S of an element, by the definition. */
function scaleOf({ values, outputs, inputs, layout }: WeightMatrix, { scale }: Mapping, element: number): number {
  const outputOf = (i: number): number => (layout === "oi" ? Math.floor(i / inputs) : i % outputs);
  const same = values.filter((_, i) => scale === "tensor" || outputOf(i) === outputOf(element));
  return Math.max(...same.map(Math.abs));
}

/** The weight of conductances, by the definition: S·(bias + Σ gain·Σ 2^{iK}(g − gMin) / ((1 − gMin) Σ 2^{iK})). */
function weightByDefinition(
  mapping: Mapping,
  cells: Float32Array,
  elements: number,
  element: number,
  scale: number,
  gMin: number,
): number {
  const { slices } = cellsPerWeight(mapping);
  const { arms, bias } = arrangementNamed(mapping.arrangement);
  let total = bias;
  for (const [arm, { gain }] of arms.entries()) {
    let sum = 0;
    let range = 0;
    for (let slice = 0; slice < slices; slice++) {
      const significance = 2 ** (slice * mapping.bitsPerCell);
      sum += (significance * (cells[(arm * slices + slice) * elements + element]! - gMin)) / (1 - gMin);
      range += significance;
    }
    total += (gain * sum) / range;
  }
  return scale * total;
}

describe("mapWeights and recombine", () => {
  it("round trip within half a code of any weights in any mapping, and agree with the definition", () => {
    fc.assert(
      fc.property(matrices, mappings, ratios, (matrix, mapping, gMin) => {
        const mapped = mapWeights(matrix, mapping, gMin);
        const { arms, slices } = cellsPerWeight(mapping);
        expect(mapped.target.length).toBe(arms * slices * matrix.values.length);
        expect(mapped.target.every((g) => g >= Math.fround(gMin) && g <= 1)).toBe(true);
        const back = recombine(mapped, mapped.target);
        expect(back).toEqual(mapped.weights);
        const step =
          mapping.weightBits === null ? 0 : (mapping.arrangement === "offset" ? 2 : 1) / (2 ** mapping.weightBits - 1);
        for (const [i, w] of matrix.values.entries()) {
          const scale = scaleOf(matrix, mapping, i);
          expect(Math.abs(back[i]! - w)).toBeLessThanOrEqual(scale * (step / 2 + 1e-7) + smallest);
          // Conductances are float32, and a small range of them multiplies their rounding.
          const defined = weightByDefinition(mapping, mapped.target, matrix.values.length, i, scale, gMin);
          expect(Math.abs(back[i]! - defined)).toBeLessThanOrEqual((4e-7 * scale) / (1 - gMin) + smallest);
        }
      }),
    );
  });

  it("are exact for weights on the code grid", () => {
    fc.assert(
      fc.property(matrices, mappings, ratios, (matrix, mapping, gMin) => {
        const once = mapWeights(matrix, mapping, gMin);
        // The largest magnitude is on the grid in either arrangement, so that the scale stays.
        const twice = mapWeights({ ...matrix, values: once.weights }, mapping, gMin);
        expect(twice.codes).toEqual(once.codes);
        expect(recombine(twice, twice.target)).toEqual(once.weights);
      }),
    );
  });

  it("return unquantised weights bit for bit, zeros with their signs", () => {
    const values = Float32Array.of(-0, 0, 1e-30, -3, 0.1);
    for (const arrangement of ["differential", "offset"] as const) {
      const mapping = mappingOf({ weightBits: null, arrangement }, rram1);
      const mapped = mapWeights({ values, outputs: 1, inputs: 5, layout: "oi" }, mapping, 0.1);
      const back = recombine(mapped, mapped.target);
      expect(new Uint32Array(back.buffer)).toEqual(new Uint32Array(values.buffer));
    }
  });

  it("are linear in the conductances, for any that devices take", () => {
    fc.assert(
      fc.property(matrices, mappings, ratios, fc.integer({ min: 0, max: 1000 }), (matrix, mapping, gMin, seed) => {
        const mapped = mapWeights(matrix, mapping, gMin);
        const noise = normals(stream(seed, { purpose: "test" }), mapped.target.length);
        const cells = mapped.target.map((g, i) => g + 0.1 * noise[i]!);
        const back = recombine(mapped, cells);
        for (const [i, w] of back.entries()) {
          const scale = scaleOf(matrix, mapping, i);
          const defined = weightByDefinition(mapping, cells, matrix.values.length, i, scale, gMin);
          expect(Math.abs(w - defined)).toBeLessThanOrEqual((1e-6 * scale) / (1 - gMin) + smallest);
        }
      }),
    );
  });

  it("hold the digits of a known weight", () => {
    const matrix: WeightMatrix = { values: Float32Array.of(1, -0.5), outputs: 1, inputs: 2, layout: "oi" };
    const pair = mapWeights(matrix, mappingOf({}, rram1));
    // 127.5 rounds to 128 = 2·64 and leaves three digits 0.
    expect([...pair.codes!]).toEqual([255, 0, 0, 128]);
    const digits = [...pair.target].map((g) => Math.round(3 * g));
    expect(digits).toEqual([3, 0, 3, 0, 3, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 2]);
    const offset = mapWeights(matrix, mappingOf({ arrangement: "offset", weightBits: 4 }, rram1), 0.25);
    expect([...offset.codes!]).toEqual([15, 4]);
    expect([...offset.target]).toEqual([1, 0.25, 1, 0.5]);
  });
});

describe("the deviation of a weight from those of its cells", () => {
  /** The std of many equal weights' deviations, relative to S·σ. */
  function measured(mapping: Mapping, armsThatVary: number, gMin: number): number {
    const n = 40_000;
    const values = new Float32Array(n).fill(0.5);
    values[0] = 2;
    const mapped = mapWeights({ values, outputs: 1, inputs: n, layout: "oi" }, mapping, gMin);
    const sigma = 0.1;
    const { slices } = cellsPerWeight(mapping);
    const noise = normals(stream(5, { purpose: "cells" }), mapped.target.length);
    const cells = mapped.target.map((g, i) => (i < armsThatVary * slices * n ? g + sigma * noise[i]! : g));
    const back = recombine(mapped, cells);
    const squares = back.reduce((sum, w, i) => sum + (w - mapped.weights[i]!) ** 2, 0);
    return Math.sqrt(squares / n) / (2 * sigma);
  }

  it("has the reference's factor against a noiseless reference, √2 times it for pairs, twice it for offsets", () => {
    const cases = new Map(
      golden.cases
        .filter(({ midLevelRatio }) => midLevelRatio === 1)
        .map((one) => [`${one.weightBits}/${one.bitsPerCell}`, one]),
    );
    expect(cases.size).toBeGreaterThan(2);
    for (const { weightBits, bitsPerCell, sigma, weights, std } of cases.values()) {
      const reference = std[0]! / (sigma * Math.max(...weights.map(Math.abs)));
      expect(slicingFactor(weightBits, bitsPerCell)).toBeCloseTo(reference, 12);
      for (const gMin of [0, 0.2]) {
        const pair = mappingOf({ weightBits }, { bitsPerCell });
        const offset = mappingOf({ weightBits, arrangement: "offset" }, { bitsPerCell });
        expect(weightSigmaFactor(pair, gMin)).toBeCloseTo((Math.SQRT2 * reference) / (1 - gMin), 12);
        expect(weightSigmaFactor(offset, gMin)).toBeCloseTo((2 * reference) / (1 - gMin), 12);
        // The std of 40,000 normal numbers has a relative standard error of 1/√80,000 = 0.0035.
        for (const [mapping, arms, factor] of [
          [pair, 1, 1],
          [pair, 2, Math.SQRT2],
          [offset, 1, 2],
        ] as const) {
          const expected = (factor * reference) / (1 - gMin);
          expect(Math.abs(measured(mapping, arms, gMin) / expected - 1)).toBeLessThan(4 * 0.0036);
        }
      }
    }
  });

  it("is the root of the sum of the squared cell factors", () => {
    fc.assert(
      fc.property(mappings, ratios, (mapping, gMin) => {
        const squares = cellFactors(mapping, gMin).reduce((sum, factor) => sum + factor * factor, 0);
        expect(Math.sqrt(squares)).toBeCloseTo(weightSigmaFactor(mapping, gMin), 10);
      }),
    );
  });
});

describe("a mapping's settings", () => {
  it("have defaults, the device's bits per cell among them", () => {
    expect(mappingOf({}, { bitsPerCell: 4 })).toEqual({
      weightBits: 8,
      bitsPerCell: 4,
      scale: "tensor",
      arrangement: "differential",
    });
  });

  it.each<[object, string]>([
    [{ weightBits: 7 }, "bitsPerCell: expected a divisor of weightBits (7), got 2"],
    [{ weightBits: 17 }, "weightBits: expected a whole number ≥ 1 and ≤ 16, got 17"],
    [{ weightBits: "8" }, 'weightBits: expected a whole number ≥ 1 and ≤ 16, or null, got "8"'],
    [{ scale: "row" }, 'scale: expected one of tensor, column, got "row"'],
    [{ arrangement: "pair" }, 'arrangement: expected one of differential, offset, got "pair"'],
    [{ weightbits: 8 }, "mapping: expected no option but weightBits, bitsPerCell, scale, arrangement, got weightbits"],
  ])("refuse %o", (given, message) => {
    expect(() => mappingOf(given, rram1)).toThrow(message);
    expect(() => mappingOf(given, rram1)).toThrow(RangeError);
  });

  it("refuse weights and on/off ratios that no device holds", () => {
    const mapping = mappingOf({}, rram1);
    const matrix = (...values: number[]): WeightMatrix => ({
      values: Float32Array.from(values),
      outputs: 1,
      inputs: 2,
      layout: "oi",
    });
    expect(() => mapWeights(matrix(1, Number.NaN), mapping)).toThrow(
      "weights: expected finite values, got NaN at 1; no device can hold it",
    );
    expect(() => mapWeights(matrix(1), mapping)).toThrow("weights: expected outputs × inputs = 1 × 2 values, got 1");
    expect(() => mapWeights(matrix(1, 1), mapping, 1)).toThrow("gMin: expected a number ≥ 0 and < 1, got 1");
  });
});
