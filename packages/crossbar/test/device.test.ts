import {
  cellDevices,
  type Device,
  defineDevice,
  deviceFromCsv,
  deviceFromJson,
  gMinOf,
  ideal,
  measuredAges_s,
  normalDevice,
  pcm,
  pcmJoshi,
  programmingVariation,
  proportionalDevice,
  reramWan2022,
  rram1,
  rram4,
  rramMilo,
  rramWan,
  sigmaAt,
  sigmaOf,
  sigmaTable,
  uniformDevice,
  withRange,
} from "@neft/crossbar";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

describe("the built-in devices of cells", () => {
  it("are complete, frozen records under their own ids, which survive JSON", () => {
    for (const [id, device] of cellDevices) {
      expect(device.id).toBe(id);
      expect(device.source.cite.length, id).toBeGreaterThan(5);
      expect(Object.isFrozen(device) && Object.isFrozen(device.programming), id).toBe(true);
      expect(device.sigmaDefinition ?? (id === "ideal" ? "none" : ""), id).not.toBe("");
      expect(deviceFromJson(JSON.stringify(device))).toEqual(device);
      for (const time_s of measuredAges_s(device) ?? [0, 1e6]) {
        const table = sigmaTable(device, { sigma: 0.1, time_s });
        expect(table.length).toBe(257);
        expect(
          table.every((sigma) => sigma >= 0 && sigma < 1),
          id,
        ).toBe(true);
      }
    }
  });

  it("have the published σ, in µS", () => {
    const sigma_uS = (device: Device, g_uS: number, time_s = 0): number =>
      sigmaAt(device, { sigma: 7, time_s })(g_uS / device.gMax_uS!) * device.gMax_uS!;
    const at = (coefficients: number[], y: number): number => coefficients.reduce((sum, c, i) => sum + c * y ** i, 0);
    for (const g of [0, 2.5, 10, 25]) {
      expect(sigma_uS(pcm, g)).toBeCloseTo(at([0.26348, 1.965, -1.1731], g / 25), 12);
    }
    for (const g of [0.25, 10, 25]) {
      expect(sigma_uS(pcmJoshi, g)).toBeCloseTo(at([0.28638599, 0.07585724, -0.00178767], g), 12);
    }
    for (const g of [50, 100, 225]) expect(sigma_uS(rramMilo, g)).toBeCloseTo(4.782321 - 0.009107 * g, 12);
    for (const g of [0, 20, 39.26]) {
      expect(sigma_uS(rramWan, g)).toBeCloseTo(at([1.053, 0.2374, -0.01167, 1.536e-4], g), 12);
    }
    for (const g of [0, 8, 30, 40]) {
      const day = at([0.701, 22.086, -50.773, 47.095, -16.458], g / 40);
      expect(sigma_uS(reramWan2022, g, 86_400)).toBeCloseTo(day, 12);
      expect(sigma_uS(reramWan2022, g, 0)).toBe(sigma_uS(reramWan2022, g, 1));
    }
  });

  it("agree where two fits are of the same data: Wan's cells after 1 second, within 0.75 µS", () => {
    for (let g = 0; g <= 39; g++) {
      const [one, other] = [reramWan2022, rramWan].map(
        (device) => sigmaAt(device, { sigma: 0 })(g / device.gMax_uS!) * device.gMax_uS!,
      );
      expect(Math.abs(one! - other!), `${g} µS`).toBeLessThan(0.75);
    }
  });

  it("judge levels as NeFT does, at the mean variance of the levels", () => {
    const sigma = sigmaAt(rram4, { sigma: 0.1 });
    const { sigmaOuter, sigmaMid } = programmingVariation(
      { device: rram4, sigma: 0.1, weightBits: 2, bitsPerCell: 2 },
      1,
    );
    expect([0, 0.25, 0.26, 0.5, 0.74, 0.75, 1].map(sigma)).toEqual(
      [sigmaOuter, sigmaOuter, sigmaMid, sigmaMid, sigmaMid, sigmaOuter, sigmaOuter].map((one) =>
        expect.closeTo(one, 14),
      ),
    );
    // A cell that never turns off has its levels above gMin.
    const leaky = withRange(rram4, { onOffRatio: 2 });
    expect(sigmaAt(leaky, { sigma: 0.1 })(0.6)).toBeCloseTo(sigmaOuter, 14);
    expect(sigmaOf(leaky, { sigma: 0.1 })).toEqual({
      kind: "levels",
      outer: expect.closeTo(sigmaOuter, 14),
      middle: expect.closeTo(sigmaMid, 14),
    });
  });

  it("scale by sigma where σ is relative, and by scale where it is in µS", () => {
    const at = (device: Device, settings: { sigma: number; scale?: number }): number => sigmaAt(device, settings)(0.4);
    expect(at(normalDevice, { sigma: 0.2, scale: 3 })).toBe(0.2);
    expect(at(uniformDevice, { sigma: 0.2, scale: 3 })).toBe(0.2);
    expect(at(proportionalDevice, { sigma: 0.2, scale: 3 })).toBeCloseTo(0.08, 15);
    expect(at(pcm, { sigma: 0.2, scale: 1.75 })).toBeCloseTo(1.75 * at(pcm, { sigma: 0.9 }), 15);
    expect(at(ideal, { sigma: 0.2 })).toBe(0);
    expect(sigmaOf(ideal, { sigma: 0.2 })).toEqual({ kind: "none" });
    expect(sigmaOf(pcm, { sigma: 0 })).toEqual({ kind: "table", values: sigmaTable(pcm, { sigma: 0 }) });
  });

  it("are tables within 10⁻⁴ of their largest σ", () => {
    for (const device of [pcm, pcmJoshi, reramWan2022, rramWan, rramMilo]) {
      const table = sigmaTable(device, { sigma: 0 });
      const at = sigmaAt(device, { sigma: 0 });
      const gMin = gMinOf(device);
      for (let x = gMin; x <= 1; x += 0.0007) {
        const place = Math.min(255, Math.floor(x * 256));
        // The fit ends at gMin, in the middle of an interval.
        if (place / 256 < gMin) continue;
        const linear = table[place]! + (x * 256 - place) * (table[place + 1]! - table[place]!);
        expect(Math.abs(linear - at(x))).toBeLessThan(1e-4 * Math.max(...table));
      }
    }
  });

  it.each<[() => unknown, string]>([
    [
      () => sigmaAt(reramWan2022, { sigma: 0, time_s: 3600 }),
      "time_s: expected 0 or one of 1, 86400, 172800, the ages in seconds at which reram-wan2022 was measured, got 3600",
    ],
    [() => sigmaAt(rram1, { sigma: -1 }), "sigma: expected a number ≥ 0, got -1"],
    [() => sigmaAt(pcm, { sigma: 0, scale: Number.NaN }), "scale: expected a number ≥ 0, got NaN"],
    [() => sigmaAt(pcm, { sigma: 0, time_s: -1 }), "time_s: expected a number ≥ 0, got -1"],
    [
      () => withRange(rramMilo, { onOffRatio: 10 }),
      "onOffRatio: expected at most 4.5, got 10; σ is known from 50 to 225 µS",
    ],
    [
      () => withRange(rramMilo, { gMax_uS: 300 }),
      "gMax_uS: expected at most 225, got 300; σ is known from 50 to 225 µS",
    ],
    [() => withRange(rramMilo, { gMax_uS: 100 }), "onOffRatio: expected at most 2, got 4.5; σ is known"],
    [() => withRange(rramMilo, { gMax_uS: 40 }), "gMax_uS: expected above 50, got 40"],
    [() => withRange(pcm, { onOffRatio: 1 }), "onOffRatio: expected a number > 1, got 1"],
    [
      () => programmingVariation({ device: pcm, sigma: 0.1 }, 1),
      "device: expected a record of kind exact or levels, whose σ is that of whole weights, got pcm of kind polynomial",
    ],
  ])("refuse use outside what is known of them (%#)", (use, message) => {
    expect(use).toThrow(message);
    expect(use).toThrow(RangeError);
  });

  it("take another range within the fit, at the same σ in µS", () => {
    const narrow = withRange(pcm, { gMax_uS: 20, onOffRatio: 10 });
    expect(gMinOf(narrow)).toBe(0.1);
    expect(20 * sigmaAt(narrow, { sigma: 0 })(0.5)).toBeCloseTo(25 * sigmaAt(pcm, { sigma: 0 })(0.4), 12);
    expect(withRange(pcm, {})).toBe(pcm);
  });
});

describe("defineDevice", () => {
  const own = { ...rramWan, id: "own" };
  const points = { kind: "points", g_uS: [1, 10, 20], sigma_uS: [0.5, 1, 0.8] };
  const { gMax_uS: _, ...unitless } = own;
  it.each<[unknown, string]>([
    [{ ...own, gMax_uS: 0 }, 'device "own": gMax_uS: expected a number > 0, got 0'],
    [unitless, "gMax_uS: expected a number > 0, got undefined; σ of kind polynomial is in µS"],
    [{ ...own, onOffRatio: 0.5 }, "onOffRatio: expected a number > 1, got 0.5"],
    [{ ...own, gMax_uS: 50 }, "gMax_uS: expected at most 39.26, got 50; σ is known from 0 to 39.26 µS"],
    [
      { ...own, fitted: { min_uS: 5, max_uS: 40 } },
      "onOffRatio: expected at most 7.852, got none, so that cells go down to 0 µS; σ is known from 5 to 40 µS",
    ],
    [{ ...own, fitted: { min_uS: 5 } }, "fitted.max_uS: expected a number > 0, got undefined"],
    [
      { ...own, programming: { kind: "polynomial" } },
      "programming.coefficients_uS: expected a list of numbers, lowest",
    ],
    [
      { ...own, programming: { ...own.programming, coefficients_uS: [1, "2"] } },
      "programming.coefficients_uS: expected",
    ],
    [{ ...own, programming: { ...own.programming, per_uS: 0 } }, "programming.per_uS: expected a number > 0, got 0"],
    [
      { ...own, programming: { ...own.programming, later: [{ t_s: 2, coefficients_uS: [1] }] } },
      "programming.later: expected ages that increase from t_s, got none, 2",
    ],
    [
      { ...own, programming: { ...own.programming, t_s: 1, later: [{ t_s: 2, coefficients_uS: [] }] } },
      "programming.later[0].coefficients_uS: expected a list of numbers",
    ],
    [
      { ...own, programming: { ...points, g_uS: [1, 1, 2] } },
      "programming.g_uS: expected at least two increasing numbers",
    ],
    [{ ...own, programming: { ...points, sigma_uS: [1, 2] } }, "sigma_uS: expected one for each of the 3 g_uS, got 2"],
    [
      { ...own, programming: { ...points, sigma_uS: [1, -2, 3] } },
      "sigma_uS: expected a list of numbers ≥ 0, got [1, -2, 3]",
    ],
    [{ ...own, gMax_uS: 30, programming: points }, "gMax_uS: expected at most 20, got 30; σ is known from 1 to 20 µS"],
    [{ ...own, gMax_uS: 20, programming: points }, "onOffRatio: expected at most 20, got none"],
    [
      { ...normalDevice, programming: { kind: "normal", error: "inverse" } },
      "programming.error: expected independent or proportional or uniform, got",
    ],
    [{ ...pcm, drift: { ...pcm.drift, t0_s: 0 } }, "drift.t0_s: expected a number > 0, got 0"],
    [{ ...pcm, drift: { ...pcm.drift, nu: 0.05 } }, "drift.nu: expected options (constant, log, min, max), got 0.05"],
    [{ ...pcm, readNoise: { kind: "flicker" } }, "readNoise.factor: expected a number ≥ 0, got undefined"],
    [
      { ...pcm, deviceToDevice: { distribution: "normal", sigma: 10 } },
      "deviceToDevice.sigma: expected a number ≥ 0 and ≤ 1, got 10",
    ],
  ])("refuses %o", (record, message) => {
    expect(() => defineDevice(record as Device)).toThrow(message);
    expect(() => defineDevice(record as Device)).toThrow(RangeError);
  });

  it("copies records deeply", () => {
    const record = structuredClone(reramWan2022);
    const defined = defineDevice(record);
    expect(defined).toEqual(reramWan2022);
    (record.programming as unknown as { later: { t_s: number }[] }).later[0]!.t_s = 5;
    expect(defined).toEqual(reramWan2022);
    expect(() => Object.assign((defined.programming as unknown as { later: object[] }).later[0]!, { t_s: 5 })).toThrow(
      TypeError,
    );
  });
});

describe("deviceFromJson", () => {
  it("takes text with a byte order mark, and shows no control characters in errors", () => {
    expect(deviceFromJson(`\uFEFF${JSON.stringify(pcm)}`)).toEqual(pcm);
    expect(() => deviceFromJson('{"\u001b[31m')).toThrow(/^[^\p{Cc}]+$/u);
  });

  it.each<[string | object, string]>([
    ["{", "device: expected JSON, got text that isn't: "],
    ["{\u001b", "got text that isn't: "],
    ["[1]", "device: expected a record, got [1]"],
    ["null", "device: expected a record, got null"],
    ["{}", "device: id: expected a name, got undefined"],
    [JSON.stringify({ ...pcm, gMax: 25 }), 'device "pcm": expected no option but id,'],
    [{ ...pcm, bitsPerCell: "2" }, 'device "pcm": bitsPerCell: expected a whole number from 1 to 16, got "2"'],
  ])("refuses %o", (json, message) => {
    expect(() => deviceFromJson(json)).toThrow(message);
    expect(() => deviceFromJson(json)).toThrow(RangeError);
  });
});

describe("deviceFromCsv", () => {
  it("reads measured points, whatever the line ends, columns and comments", () => {
    const texts = [
      "g_uS,sigma_uS\n1,0.5\n10,1\n20,0.8\n",
      "\uFEFF# measured at 300 K\r\ncell, sigma_uS, g_uS\r\nA1, 0.5, 1\r\n# next\r\nA2, 1, 1e1\r\nA3, .8, 20.\r\n\r\n",
    ];
    for (const text of texts) {
      const device = deviceFromCsv(text, { id: "mine" });
      expect(device).toMatchObject({
        id: "mine",
        gMax_uS: 20,
        onOffRatio: 20,
        programming: { kind: "points", g_uS: [1, 10, 20], sigma_uS: [0.5, 1, 0.8] },
      });
      const at = sigmaAt(device, { sigma: 0 });
      expect([0, 0.05, 0.275, 0.5, 0.75, 1].map((x) => 20 * at(x))).toEqual(
        [0.5, 0.5, 0.75, 1, 0.9, 0.8].map((one) => expect.closeTo(one, 12)),
      );
    }
    const device = deviceFromCsv(texts[0]!, {
      id: "mine",
      gMax_uS: 15,
      onOffRatio: 3,
      bitsPerCell: 4,
      technology: "X",
    });
    expect(device).toMatchObject({ gMax_uS: 15, onOffRatio: 3, bitsPerCell: 4, technology: "X" });
    expect(deviceFromCsv("g_uS,sigma_uS\n0,1\n5,2", { id: "a" }).onOffRatio).toBeUndefined();
  });

  it("returns any increasing points", () => {
    const values = fc.integer({ min: 0, max: 1e9 }).map((thousandths) => thousandths / 1000);
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(values, values), { minLength: 2, selector: ([g]) => g }), (pairs) => {
        const sorted = [...pairs].sort(([a], [b]) => a - b);
        const text = ["g_uS,sigma_uS", ...sorted.map((pair) => pair.join(","))].join("\n");
        const { programming } = deviceFromCsv(text, { id: "any" });
        expect(programming).toEqual({
          kind: "points",
          g_uS: sorted.map(([g]) => g),
          sigma_uS: sorted.map(([, s]) => s),
        });
      }),
    );
  });

  it.each<[string, string]>([
    ["", 'line 1: expected the names of the columns, g_uS and sigma_uS, separated by commas, got ""'],
    [
      "g;sigma\n1;2",
      'line 1: expected the names of the columns, g_uS and sigma_uS, separated by commas, got "g;sigma"',
    ],
    ["1,2\n3,4", "line 1: expected the names of the columns"],
    ["g_uS,sigma_uS,g_uS\n1,2,3", "line 1: expected the names of the columns"],
    ["g_uS,sigma_uS\n1,0.5", "expected at least two points, got 1"],
    ["g_uS,sigma_uS\n1,0.5\n,1\n3,1", "line 3: g_uS: expected a number ≥ 0, got nothing"],
    ["g_uS,sigma_uS\n1,0.5\n2,\n3,1", "line 3: sigma_uS: expected a number ≥ 0, got nothing"],
    ["g_uS,sigma_uS\n1,0.5\n\n3,1", "line 3: expected 2 values separated by commas, got an empty line"],
    ["g_uS,sigma_uS\n1,0,5\n3,1", 'line 2: expected 2 values separated by commas, got "1,0,5"'],
    ["g_uS,sigma_uS\n1,0.5\n2\n3,1", 'line 3: expected 2 values separated by commas, got "2"'],
    ["g_uS,sigma_uS\n1,0.5\n2,NaN", 'line 3: sigma_uS: expected a number ≥ 0, got "NaN"'],
    ["g_uS,sigma_uS\n1,0.5\n0x10,1", 'line 3: g_uS: expected a number ≥ 0, got "0x10"'],
    ["g_uS,sigma_uS\n1,0.5\n2,1e999", 'line 3: sigma_uS: expected a number ≥ 0, got "1e999"'],
    ["g_uS,sigma_uS\n1,0.5\n2,-1", 'line 3: sigma_uS: expected a number ≥ 0, got "-1"'],
    [
      "g_uS,sigma_uS\n1,0.5\n1,1",
      "line 3: g_uS: expected more than 1, the value before, got 1; sort the lines by g_uS",
    ],
    ["g_uS,sigma_uS\n2,0.5\n1,1", "line 3: g_uS: expected more than 2, the value before, got 1"],
    ["g_uS,sigma_uS\n-1,0.5\n1,1", 'line 2: g_uS: expected a number ≥ 0, got "-1"'],
  ])("refuses %j", (text, message) => {
    expect(() => deviceFromCsv(text, { id: "mine" })).toThrow(`device "mine": ${message}`);
    expect(() => deviceFromCsv(text, { id: "mine" })).toThrow(RangeError);
  });

  it("refuses what the points don't cover, and a text that is none", () => {
    const text = "g_uS,sigma_uS\n1,0.5\n3,1";
    expect(() => deviceFromCsv(text, { id: "mine", gMax_uS: 4 })).toThrow("gMax_uS: expected at most 3, got 4");
    expect(() => deviceFromCsv(text, { id: "mine", onOffRatio: 9 })).toThrow("onOffRatio: expected at most 3, got 9");
    expect(() => deviceFromCsv(text, { id: "My cells" })).toThrow("id: expected an id of lower-case letters");
    expect(() => deviceFromCsv(undefined as never, { id: "mine" })).toThrow("deviceFromCsv: text: expected a name");
  });
});
