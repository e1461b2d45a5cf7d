import { init, memoryUse } from "@neft/kernels";
import {
  addCellNoise,
  type CellArm,
  driftCells,
  exp,
  flickerDeviations,
  log,
  mapCodes,
  mapFractions,
  normals,
  recombineCells,
  type SigmaCurve,
  scope,
  sigmaOnCurve,
  stream,
  tensor,
  uniforms,
  writeCells,
} from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";

/** Cells against loops over single values: all bits are those of the formulas in doubles. */

beforeAll(() => init());

const keyOf = (name: string) => stream(5, { purpose: "cells", name });
const conductances = (name: string, n: number) => uniforms(keyOf(name), n);
/** Below and above the cells of one call of a kernel, which are 2¹⁴. */
const sizes = [0, 1, 7, 300, 2 ** 14 + 300];
const anywhere = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
const curves: readonly SigmaCurve[] = [
  { kind: "polynomial", coefficients: [0.1], ...anywhere },
  { kind: "polynomial", coefficients: [0.05, 0.4, -0.9], least: 0.1, most: 0.8 },
  { kind: "levels", off: 0.1, outer: 0.02, middle: 0.05 },
  { kind: "points", scale: 40, unit: 0.025, xs: [4, 10, 30], ys: [1, 2.5, 0.5] },
];

const exponentials = (values: Float32Array) => scope(() => exp(tensor(values, [values.length])).floats());
const logarithms = (values: Float32Array) => scope(() => log(tensor(values, [values.length])).floats());

describe("writes", () => {
  it.each(curves)("have the standard deviations of $kind", (sigma) => {
    for (const n of sizes) {
      const [target, judged] = [conductances("target", n), conductances("judged", n)];
      const [values, errors] = [new Float32Array(n).fill(9), new Float64Array(n)];
      const verified = curves[0]!;
      writeCells({ target, judged, values }, { key: keyOf("z"), isUniform: false, sigma, verified, least: 0, errors });
      const z = normals(keyOf("z"), n);
      const expected = target.map((goal, i) => Math.max(0, goal + sigmaOnCurve(sigma, judged[i]!) * z[i]!));
      expect(values).toEqual(expected);
      const found = Float64Array.from(target, (goal, i) => Math.abs(Math.max(0, goal + 0.1 * z[i]!) - goal));
      expect(errors).toEqual(found);
    }
  });

  it("may have uniform errors, go below 0, and judge cells by a shorter array that repeats", () => {
    const n = 3 * 7001;
    const [target, judged, values] = [conductances("target", n), conductances("judged", 7001), new Float32Array(n)];
    const sigma = curves[1]!;
    writeCells(
      { target, judged, values },
      { key: keyOf("u"), isUniform: true, sigma, least: Number.NEGATIVE_INFINITY },
    );
    const z = uniforms(keyOf("u"), n).map((u) => Math.sqrt(12) * (u - 0.5));
    expect(values).toEqual(target.map((goal, i) => goal + sigmaOnCurve(sigma, judged[i % 7001]!) * z[i]!));
  });
});

it("drift takes each cell's own exponent", () => {
  const nu = { constant: 0.0244, slope: -0.0155, least: 0.049, most: 0.1 };
  const sigmaNu = { constant: -0.0059, slope: -0.0125, least: 0.008, most: Number.POSITIVE_INFINITY };
  for (const n of sizes) {
    const [target, before] = [conductances("target", n), conductances("before", n)];
    const values = before.slice();
    driftCells(target, values, { key: keyOf("nu"), factor: 1.25, nu, sigmaNu, scale: -1, logTime: 8.3 });
    const logs = logarithms(target.map((x) => Math.max(1e-7, 1.25 * x)));
    const z = normals(keyOf("nu"), n);
    const on = ({ constant, slope, least, most }: typeof nu, l: number) =>
      Math.min(most, Math.max(least, constant + slope * l));
    const factors = exponentials(logs.map((l, i) => -Math.abs(on(nu, l) + on(sigmaNu, l) * z[i]!) * 8.3));
    expect(values).toEqual(before.map((x, i) => Math.max(0, x * factors[i]!)));
  }
});

it("1/f noise follows the programmed conductance", () => {
  const how = { factor: 1.6, exponent: 0.65, growth: 3.2, most: 0.2, share: 0.0088, least: 0.001 };
  for (const n of sizes) {
    const [programmed, before] = [conductances("programmed", n), conductances("before", n)];
    const sigma = flickerDeviations(programmed, before, how);
    const powers = exponentials(logarithms(programmed.map((x) => Math.max(1e-7, 1.6 * x))).map((l) => 0.65 * l));
    expect(sigma).toEqual(before.map((x, i) => x * 3.2 * Math.min(0.2, 0.0088 / Math.max(powers[i]!, 0.001))));
    const values = before.slice();
    addCellNoise(values, sigma, keyOf("noise"));
    const z = normals(keyOf("noise"), n);
    expect(values).toEqual(before.map((x, i) => Math.max(0, x + sigma[i]! * z[i]!)));
  }
});

describe("weights", () => {
  const pair: readonly CellArm[] = [
    { slope: 1, shift: 0, gain: 1 },
    { slope: -1, shift: 0, gain: -1 },
  ];
  const digits = Float32Array.of(0.1, 0.4, 0.7, 1);

  it("become codes, conductances and the weights that the codes stand for, and come back", () => {
    for (const n of sizes) {
      const scales = Float64Array.of(2, 0, 0.5);
      const parts = Uint32Array.from({ length: n }, (_, i) => i % 3);
      const weights = conductances("weights", n).map((u, i) => scales[i % 3]! * (2 * u - 1));
      const given = { weights, scales, parts };
      const coded = mapCodes(given, pair, { bias: 0, bits: 8, digitBits: 2, conductances: digits });
      const fractions = mapFractions(given, pair, 0.1);
      const expected = { codes: new Uint16Array(2 * n), target: new Float32Array(8 * n), weights: new Float32Array(n) };
      const continuous = new Float32Array(2 * n);
      for (let i = 0; i < n; i++) {
        const scale = scales[i % 3]!;
        const u = scale === 0 ? 0 : weights[i]! / scale;
        const codes = [u, -u].map((one, arm) => {
          const fraction = Math.max(0, one);
          continuous[arm * n + i] = 0.1 + 0.9 * fraction;
          const code = Math.round(fraction * 255);
          expected.codes[arm * n + i] = code;
          for (let slice = 0; slice < 4; slice++)
            expected.target[(arm * 4 + slice) * n + i] = digits[(code >> (2 * slice)) & 3]!;
          return code;
        });
        expected.weights[i] = (scale * (codes[0]! - codes[1]!)) / 255;
      }
      expect(coded).toEqual(expected);
      expect(fractions).toEqual(continuous);
      const { target } = coded;
      const held = target.map((g, i) => (i % 5 === 0 ? g : g + 0.01 * Math.sin(i)));
      const factors = Float64Array.from([1, 4, 16, 64, -1, -4, -16, -64], (one) => one / 76.5);
      const back = recombineCells({ ...given, weights: coded.weights }, factors, { conductances: held, target });
      const sums = coded.weights.map((w, i) => {
        let deviation = 0;
        for (let cell = 0; cell < 8; cell++)
          deviation += factors[cell]! * (held[cell * n + i]! - target[cell * n + i]!);
        return deviation === 0 ? w : w + scales[i % 3]! * deviation;
      });
      expect(back).toEqual(sums);
    }
  });

  it("may all have one scale; zeros keep their sign", () => {
    const weights = Float32Array.of(-0, 0.5, -1);
    const given = { weights, scales: Float64Array.of(1) };
    const target = mapFractions(given, pair, 0);
    expect(target).toEqual(Float32Array.of(0, 0.5, 0, 0, 0, 1));
    const back = recombineCells(given, Float64Array.of(1, -1), { conductances: target, target });
    expect([...back].map((one) => Object.is(one, -0))).toEqual([true, false, false]);
  });
});

describe("what doesn't fit", () => {
  const two = new Float32Array(2);
  const three = new Float32Array(3);
  const how = { key: 1n, isUniform: false, sigma: curves[0]!, least: 0 };
  it.each<[string, () => unknown, string]>([
    ["writes", () => writeCells({ target: two, judged: two, values: three }, how), "values: expected 2 values, got 3"],
    [
      "judged cells",
      () => writeCells({ target: three, judged: two, values: three }, how),
      "judged: expected a divisor of 3 values, got 2",
    ],
    ["noise", () => addCellNoise(two, three, 1n), "addCellNoise: sigma: expected 2 values, got 3"],
    [
      "scales",
      () => mapFractions({ weights: two, scales: Float64Array.of(1), parts: Uint32Array.of(0, 1) }, [], 0),
      "mapFractions: parts: expected some of the 1 scales, got 1",
    ],
    [
      "cells",
      () =>
        recombineCells({ weights: two, scales: Float64Array.of(1) }, Float64Array.of(1), {
          conductances: two,
          target: three,
        }),
      "recombineCells: target: expected 2 values, got 3",
    ],
  ])("is refused: %s", (_, call, message) => {
    const { live } = memoryUse();
    expect(call).toThrow(RangeError);
    expect(call).toThrow(message);
    expect(memoryUse().live).toBe(live);
  });
});
