import { readFileSync } from "node:fs";
import {
  type Device,
  defineDevice,
  deviceNamed,
  devices,
  ideal,
  programmingVariation,
  rram1,
  rram4,
} from "@neft/crossbar";
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

  it("uses 8-bit weights and the device's bits per cell by default", () => {
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
    [{ device: rram1, sigma: 0.1, bitsPerCell: 0 }, "bitsPerCell: expected a whole number ≥ 1 and ≤ 16, got 0"],
    [{ device: rram1, sigma: 0.1, weightBits: 8.5 }, "weightBits: expected a whole number ≥ 1 and ≤ 16, got 8.5"],
  ])("refuses %o", (settings, message) => {
    expect(() => programmingVariation(settings, 1)).toThrow(message);
    expect(() => programmingVariation(settings, 1)).toThrow(RangeError);
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

  const levels = { kind: "levels", sigma: [1, 2, 2, 1], share: [0.25, 0.25, 0.25, 0.25] };
  const { bitsPerCell: _, ...withoutBits } = rram1;
  const withLevels = (change: object) => ({ ...rram1, programming: { ...levels, ...change } });
  it.each<[unknown, string]>([
    [{ ...rram1, id: "My Device" }, 'device "My Device": id: expected an id of lower-case letters, digits and dashes'],
    [{ ...rram1, id: 7 }, "device 7: id: expected an id"],
    [{ ...rram1, bitsPerCell: 0.5 }, "bitsPerCell: expected a whole number from 1 to 16, got 0.5"],
    [{ ...rram1, bitsPerCell: 17 }, "bitsPerCell: expected a whole number from 1 to 16, got 17"],
    [withoutBits, "bitsPerCell: expected a whole number from 1 to 16, got undefined"],
    [
      { ...rram1, bitspercell: 1 },
      'device "rram1": expected no option but id, summary, technology, bitsPerCell, source, programming, sigmaDefinition, gMax_uS, onOffRatio, fitted, drift, readNoise, deviceToDevice, got bitspercell',
    ],
    [{ ...rram1, source: undefined }, "source: expected options (cite, doi), got undefined"],
    [{ ...rram1, source: {} }, "source.cite: expected a name, got undefined"],
    [{ ...rram1, summary: undefined }, "summary: expected a name, got undefined"],
    [{ ...rram1, technology: 3 }, "technology: expected a name, got 3"],
    [
      { ...rram1, programming: undefined },
      "programming: expected a record of kind exact, levels, polynomial, points or normal, got undefined",
    ],
    [withLevels({ kind: "gaussian" }), "programming: expected a record of kind exact, levels,"],
    [withLevels({ kind: "constructor" }), "programming: expected a record of kind exact, levels,"],
    [withLevels({ sigma: undefined }), "programming.sigma: expected four numbers ≥ 0"],
    [
      withLevels({ sigma: [1, 2, 3, 1] }),
      "programming.sigma: expected four numbers ≥ 0, outer levels equal and middle levels equal, got [1, 2, 3, 1]",
    ],
    [withLevels({ sigma: [1, 2, 2] }), "programming.sigma: expected four numbers"],
    [withLevels({ sigma: [1, Number.NaN, Number.NaN, 1] }), "programming.sigma: expected four numbers"],
    [withLevels({ sigma: [-1, 2, 2, -1] }), "programming.sigma: expected four numbers"],
    [withLevels({ sigma: Float64Array.of(1, 2, 2, 1) }), "programming.sigma: expected four numbers"],
    [
      withLevels({ sigma: [0, 0, 0, 0] }),
      "expected Σ share·sigma² > 0, got 0; a device without variation has kind exact",
    ],
    [withLevels({ sigma: [0, 1, 1, 0], share: [0.5, 0, 0, 0.5] }), "expected Σ share·sigma² > 0, got 0"],
    [withLevels({ sigma: [1e200, 1e200, 1e200, 1e200] }), "expected Σ share·sigma² > 0, got Infinity"],
    [withLevels({ share: [0.5, 0.5, 0.5, 0] }), "programming.share: expected four numbers ≥ 0 with sum 1"],
    [withLevels({ share: [0.25, 0.25, 0.5] }), "programming.share: expected four numbers"],
    [withLevels({ share: new Array(4) }), "programming.share: expected four numbers"],
    [
      withLevels({ normalise: "rms" }),
      'device "rram1": programming: expected no option but kind, sigma, share, got normalise',
    ],
    [{ ...ideal, programming: { kind: "exact", sigma: [1, 1, 1, 1] } }, "expected no option but kind, got sigma"],
    [
      Object.create(rram1),
      "expected options (id, summary, technology, bitsPerCell, source, programming, sigmaDefinition, gMax_uS, onOffRatio, fitted, drift, readNoise, deviceToDevice) as a plain object",
    ],
    [undefined, "device without an id: expected options (id"],
  ])("refuses %o, both in defineDevice and in use", (device, message) => {
    expect(() => defineDevice(device as Device)).toThrow(message);
    expect(() => defineDevice(device as Device)).toThrow(RangeError);
    expect(() => programmingVariation({ device: device as Device, sigma: 0.1 }, 1)).toThrow(message);
  });

  it("takes records that aren't frozen, and copies what it defines", () => {
    const record = structuredClone(rram4);
    const own = defineDevice(record);
    expect(own).toEqual(rram4);
    expect(Object.isFrozen(own) && Object.isFrozen(own.programming)).toBe(true);
    Object.assign(record.programming, { sigma: [1, 9, 4, 1] });
    expect(own).toEqual(rram4);
    expect(() => programmingVariation({ device: record, sigma: 0.1 }, 1)).toThrow("programming.sigma");
  });
});
