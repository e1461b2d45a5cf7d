import { readFileSync } from "node:fs";
import { defineDevice, deviceNamed, devices, ideal, programmingVariation, rram1, rram4 } from "@neft/crossbar";
import { describe, expect, it } from "vitest";

interface GoldenCase {
  midLevelRatio: number;
  weightBits: number;
  bitsPerCell: number;
  sigma: number;
  weights: number[];
  std: number[];
}
const golden: { cases: GoldenCase[] } = JSON.parse(
  readFileSync(new URL("./golden/variation.json", import.meta.url), "utf8"),
);
const deviceOfRatio = new Map(
  [...devices.values()].flatMap((device) => {
    const { programming } = device;
    return programming.kind === "levels" ? [[programming.sigma[1] / programming.sigma[0], device] as const] : [];
  }),
);

describe("programmingVariation", () => {
  it("matches the reference for every weight of every golden case", () => {
    const failures: string[] = [];
    for (const { midLevelRatio, weightBits, bitsPerCell, sigma, weights, std } of golden.cases) {
      const device = deviceOfRatio.get(midLevelRatio)!;
      const sMax = Math.max(...weights.map(Math.abs));
      const got = programmingVariation({ device, sigma, weightBits, bitsPerCell }, sMax);
      expect(got.sMax).toBe(sMax);
      for (const [i, w] of weights.entries()) {
        const ratio = Math.abs(w) / sMax;
        const value = ratio > 0.25 && ratio < 0.75 ? got.sigmaMid : got.sigmaOuter;
        // Float64 formulas in another order of operations.
        if (Math.abs(value - std[i]!) > 1e-14 * std[i]!) {
          failures.push(`${device.id} M=${weightBits} K=${bitsPerCell} w=${w}: ${value}, expected ${std[i]}`);
        }
      }
    }
    expect(failures).toEqual([]);
    expect(golden.cases.length).toBe(24);
  });

  it("has the published slicing factors for 8-bit weights", () => {
    const factors = [1, 2, 4, 8].map(
      (bitsPerCell) => programmingVariation({ device: rram1, sigma: 1, bitsPerCell }, 1).sigmaOuter,
    );
    for (const [i, expected] of [0.5796, 0.7776, 0.943, 1].entries()) expect(factors[i]).toBeCloseTo(expected, 4);
  });

  it("uses 8-bit weights and the device's own cells unless told otherwise", () => {
    expect(programmingVariation({ device: rram4, sigma: 0.1 }, 2)).toEqual(
      programmingVariation({ device: rram4, sigma: 0.1, weightBits: 8, bitsPerCell: 2 }, 2),
    );
  });

  it("is nothing at σ = 0, for an ideal device and for a zero tensor", () => {
    expect(programmingVariation({ device: rram1, sigma: 0 }, 3)).toEqual({ sMax: 3, sigmaOuter: 0, sigmaMid: 0 });
    expect(programmingVariation({ device: ideal, sigma: 0.4 }, 3)).toEqual({ sMax: 3, sigmaOuter: 0, sigmaMid: 0 });
    expect(programmingVariation({ device: rram1, sigma: 0.4 }, 0)).toEqual({ sMax: 0, sigmaOuter: 0, sigmaMid: 0 });
  });

  it.each([
    [{ device: rram1, sigma: -0.1 }, "sigma: expected a number ≥ 0, got -0.1"],
    [{ device: rram1, sigma: Number.NaN }, "sigma: expected a number ≥ 0, got NaN"],
    [{ device: rram1, sigma: Number.POSITIVE_INFINITY }, "sigma: expected a number ≥ 0, got Infinity"],
    [{ device: rram1, sigma: 0.1, weightBits: 7 }, "bitsPerCell: expected a divisor of weightBits (7), got 2"],
    [{ device: rram1, sigma: 0.1, bitsPerCell: 0 }, "bitsPerCell: expected a whole number from 1 to 16, got 0"],
    [{ device: rram1, sigma: 0.1, weightBits: 8.5 }, "weightBits: expected a whole number from 1 to 16, got 8.5"],
  ])("refuses %o", (settings, message) => {
    expect(() => programmingVariation(settings, 1)).toThrow(new RangeError(message));
  });

  it("refuses a maximum that is no magnitude", () => {
    expect(() => programmingVariation({ device: rram1, sigma: 0.1 }, Number.NaN)).toThrow(
      "max|W|: expected a number ≥ 0, got NaN",
    );
  });
});

describe("devices", () => {
  it("holds complete, deeply frozen, cited rows under their own ids", () => {
    for (const [id, device] of devices) {
      expect(device.id).toBe(id);
      expect(device.summary.length, id).toBeGreaterThan(10);
      expect(device.source.cite.length, id).toBeGreaterThan(5);
      expect(Object.isFrozen(device) && Object.isFrozen(device.programming) && Object.isFrozen(device.source), id).toBe(
        true,
      );
      const { sigmaOuter, sigmaMid } = programmingVariation({ device, sigma: 0.2 }, 1);
      expect(Number.isFinite(sigmaOuter) && Number.isFinite(sigmaMid), id).toBe(true);
      expect(deviceNamed(id)).toBe(device);
    }
  });

  it("lists the ids when one is unknown", () => {
    expect(() => deviceNamed("rram9")).toThrow(
      new RangeError(`device: expected one of ${[...devices.keys()].join(", ")}, got "rram9"`),
    );
  });

  it("refuses records that make no sense", () => {
    const levels = { kind: "levels", sigma: [1, 2, 2, 1], share: [0.25, 0.25, 0.25, 0.25] } as const;
    expect(() => defineDevice({ ...rram1, id: "My Device" })).toThrow('device "My Device": expected an id');
    expect(() => defineDevice({ ...rram1, bitsPerCell: 0.5 })).toThrow(
      "expected bitsPerCell to be a whole number ≥ 1, got 0.5",
    );
    expect(() => defineDevice({ ...rram1, programming: { ...levels, sigma: [1, 2, 3, 1] } })).toThrow(
      "got [1, 2, 3, 1]",
    );
    expect(() => defineDevice({ ...rram1, programming: { ...levels, share: [0.5, 0.5, 0.5, 0] } })).toThrow("sum 1");
  });
});
