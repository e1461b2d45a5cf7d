import {
  applyEffects,
  type Cells,
  cellDevices,
  chooseEffects,
  type Device,
  defineDevice,
  type EffectContext,
  type EffectCounts,
  effects,
  fefet6,
  gMinOf,
  ideal,
  magnitudesOf,
  mappingOf,
  mapWeights,
  normalDevice,
  pcm,
  programmingVariation,
  proportionalDevice,
  type ReadEffect,
  reramWan2022,
  rram1,
  sigmaAt,
  uniformDevice,
  withRange,
} from "@neft/crossbar";
import { init } from "@neft/kernels";
import { normals, stream } from "@neft/tensor";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";

beforeAll(() => init());

interface State extends Partial<Pick<EffectContext, "sigma" | "sigmaScale" | "time_s" | "magnitudes">> {
  readonly device: Device;
  readonly seed?: number;
}

/** Runs one effect on cells that hold `values`, and returns what they hold then. */
function applied(
  id: string,
  settings: object,
  { seed = 1, sigma = 0.1, time_s = 0, ...state }: State,
  cells: Pick<Cells, "target"> & Partial<Cells>,
): { values: Float32Array; counts: EffectCounts } {
  const chosen = chooseEffects([{ id, ...settings }], { device: state.device, time_s });
  const values = (cells.values ?? cells.target).slice();
  const counts = applyEffects({ ...cells, values }, chosen, effects.get(id)!.when, (effect) => ({
    ...state,
    sigma,
    time_s,
    stream: (part = "") => stream(seed, { purpose: effect.purpose + part, name: "w" }),
  }));
  return { values, counts };
}

const filled = (n: number, x: number): Float32Array => new Float32Array(n).fill(x);

/** Mean and standard deviation, with the errors of both; that of the standard deviation from the fourth moment. */
function moments(values: Float32Array): { mean: number; std: number; errorOfMean: number; errorOfStd: number } {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  let squares = 0;
  let fourths = 0;
  for (const x of values) {
    squares += (x - mean) ** 2;
    fourths += (x - mean) ** 4;
  }
  const variance = squares / (n - 1);
  const std = Math.sqrt(variance);
  const errorOfStd = std === 0 ? 0 : Math.sqrt((fourths / n - variance ** 2) / n) / (2 * std);
  return { mean, std, errorOfMean: std / Math.sqrt(n), errorOfStd };
}

/** Settings with which each effect acts on a device that has all that effects need. */
const acting: Readonly<Record<string, object>> = {
  programming: {},
  "write-verify": { pulses: 5, tolerance: 0.01 },
  "device-to-device": { sigma: 0.1 },
  stuck: { pStuckOn: 0.1, pStuckOff: 0.2 },
  drift: {},
  flicker: {},
  "read-noise": {},
};

describe("the effects", () => {
  const device = withRange(pcm, { onOffRatio: 100 });
  const target = Float32Array.from({ length: 2000 }, (_, i) => Math.max(0.01, i / 1999));
  const state: State = { device, time_s: 100 };

  it("are rows under their own ids, with settings that have defaults or say whose they are", () => {
    expect([...effects.keys()]).toEqual(Object.keys(acting));
    for (const [id, effect] of effects) {
      expect(effect.id).toBe(id);
      expect(effect.about.length).toBeGreaterThan(10);
      for (const [name, row] of Object.entries(effect.settings)) {
        expect(row.default !== undefined || row.defaultWords !== undefined, `${id}.${name}`).toBe(true);
        expect(row.about.length).toBeGreaterThan(10);
      }
    }
    expect(new Set([...effects.values()].map(({ purpose }) => purpose)).size).toBe(effects.size);
  });

  it("change values alone, the same for the same stream, others for another, never below 0", () => {
    for (const [id, settings] of Object.entries(acting)) {
      const before = target.slice();
      const one = applied(id, settings, state, { target });
      expect(target, id).toEqual(before);
      expect(one.values, id).not.toEqual(target);
      expect(applied(id, settings, state, { target }), id).toEqual(one);
      expect(applied(id, settings, { ...state, seed: 2 }, { target }).values, id).not.toEqual(one.values);
      expect(
        one.values.every((g) => g >= 0),
        id,
      ).toBe(true);
    }
  });

  it("take any number of cells, none included", () => {
    for (const [id, settings] of Object.entries(acting)) {
      for (const n of [0, 1, 3, 17])
        expect(applied(id, settings, state, { target: filled(n, 0.5) }).values.length).toBe(n);
    }
  });

  it("act in the order of the table", () => {
    const given = Object.entries(acting)
      .map(([id, settings]) => ({ id, ...settings }))
      .reverse();
    const chosen = chooseEffects(given, { device, time_s: 1 });
    expect(chosen.map(({ effect }) => effect.id)).toEqual(Object.keys(acting));
  });

  it("that act at reads add normal noise of the deviations they state", () => {
    const n = 50_000;
    for (const effect of effects.values()) {
      if (effect.when !== "read") continue;
      const cells = { target: filled(n, 0.5), values: filled(n, 0.6), programmed: filled(n, 0.7) };
      const settings = chooseEffects([{ id: effect.id }], state as Required<State>)[0]!.settings;
      const deviations = (effect as ReadEffect).deviations(cells, settings as never, { device, time_s: 100 });
      const got = moments(applied(effect.id, {}, state, cells).values);
      expect(deviations[0], effect.id).toBeGreaterThan(0);
      expect(Math.abs(got.std - deviations[0]!), effect.id).toBeLessThan(4 * got.errorOfStd);
      expect(Math.abs(got.mean - 0.6), effect.id).toBeLessThan(4 * got.errorOfMean);
    }
  });

  it.each<[object, State, string]>([
    [
      { id: "ir-drop" },
      { device },
      'effects[0].id: expected one of programming, write-verify, device-to-device, stuck, drift, flicker, read-noise, got "ir-drop"',
    ],
    [{}, { device }, "effects[0].id: expected one of programming,"],
    [
      { id: "stuck", pStuckOn: 10 },
      { device },
      "effects.stuck.pStuckOn: expected at most 1, a probability, got 10; is it in percent? For 10 % give 0.1",
    ],
    [{ id: "stuck", pStuckOn: -0.1 }, { device }, "effects.stuck.pStuckOn: expected a number ≥ 0, got -0.1"],
    [{ id: "stuck", rate: 0.1 }, { device }, "effects.stuck: expected no option but pStuckOn, pStuckOff, got rate"],
    [
      { id: "stuck", pStuckOn: 0.6, pStuckOff: 0.5 },
      { device },
      "effects.stuck.pStuckOn: expected at most 1 together with effects.stuck.pStuckOff (0.5), got 0.6",
    ],
    [
      { id: "device-to-device", sigma: 10 },
      { device },
      "effects.device-to-device.sigma: expected at most 1, a standard deviation relative to the value that varies, got 10; is it in percent? For 10 % give 0.1",
    ],
    [
      { id: "device-to-device" },
      { device },
      "effects.device-to-device.sigma: expected a number from 0 to 1, since the record of pcm has no deviceToDevice, got none",
    ],
    [{ id: "read-noise", sigma: 2.5 }, { device }, "is it in percent? For 2.5 % give 0.025"],
    [
      { id: "write-verify", tolerance: 2 },
      { device },
      "effects.write-verify.tolerance: expected at most 1, a conductance relative to gMax, got 2; is it in percent?",
    ],
    [
      { id: "write-verify", pulses: 0 },
      { device },
      "effects.write-verify.pulses: expected a whole number ≥ 1 and ≤ 1000, got 0",
    ],
    [
      { id: "drift" },
      { device: rram1 },
      "drift: device: expected a device whose record has drift, got rram1; leave the effect out",
    ],
    [
      { id: "flicker" },
      { device: rram1 },
      "flicker: device: expected a device whose record has readNoise, got rram1; leave the effect out, or use read-noise",
    ],
    [
      { id: "programming" },
      { device: reramWan2022, time_s: 3600 },
      "time_s: expected 0 or one of 1, 86400, 172800, the ages in seconds at which reram-wan2022 was measured, got 3600",
    ],
    [{ id: "programming" }, { device, time_s: Number.NaN }, "time_s: expected a number ≥ 0, got NaN"],
  ])("refuse %o", (given, { device: own, time_s = 0 }, message) => {
    const choose = () => chooseEffects([given as { id: string }], { device: own, time_s });
    expect(choose).toThrow(message);
    expect(choose).toThrow(RangeError);
  });

  it("refuse to act twice", () => {
    expect(() => chooseEffects([{ id: "stuck" }, { id: "stuck" }], { device, time_s: 0 })).toThrow(
      "effects.stuck: expected each effect once, got it twice",
    );
  });
});

describe("programming", () => {
  const n = 100_000;

  it("has the device's mean and σ at every level, judged by cell or by weight, for every device", () => {
    const failures: string[] = [];
    for (const device of cellDevices.values()) {
      for (const fraction of [0, 1 / 3, 0.5, 1]) {
        const gMin = gMinOf(device);
        const x = gMin + (1 - gMin) * fraction;
        // Far from 0, where nothing is clamped.
        const sigma = sigmaAt(device, { sigma: 0.05 })(x);
        if (x < 5 * sigma && device.gMax_uS !== undefined) continue;
        const { values } = applied(
          "programming",
          { judged: "cell" },
          { device, sigma: 0.05 },
          { target: filled(n, x) },
        );
        const { mean, std, errorOfMean, errorOfStd } = moments(values);
        // Float32 rounds the targets.
        const isOff = Math.abs(mean - x) > 4 * errorOfMean + 1e-7 || Math.abs(std - sigma) > 4 * errorOfStd + 1e-7;
        if (isOff) failures.push(`${device.id} at ${x}: ${mean} ± ${std}, expected σ ${sigma}`);
      }
    }
    expect(failures).toEqual([]);
  });

  it("has errors in the device's distribution", () => {
    const at = (device: Device): Float32Array =>
      applied("programming", {}, { device, sigma: 0.1 }, { target: filled(n, 0.5) }).values.map((g) => g - 0.5);
    const largest = (errors: Float32Array): number =>
      errors.reduce((most, error) => Math.max(most, Math.abs(error)), 0);
    expect(largest(at(uniformDevice))).toBeLessThanOrEqual(Math.sqrt(3) * 0.1 + 1e-7);
    expect(largest(at(normalDevice))).toBeGreaterThan(0.35);
    expect(moments(at(proportionalDevice)).std).toBeCloseTo(0.05, 3);
  });

  it("leaves cells of an ideal device as they are, and of any at σ = 0", () => {
    const target = Float32Array.of(0, 0.1, 1);
    for (const device of [ideal, fefet6, normalDevice]) {
      const state = { device, sigma: device === ideal ? 0.3 : 0 };
      expect(applied("programming", { judged: "cell" }, state, { target })).toEqual({
        values: target,
        counts: { writes: 3 },
      });
    }
  });

  it("judges whole weights as the variation of weights does", () => {
    const values = [1, 0.4, -0.6, 0.1];
    const many = Float32Array.from({ length: 4 * n }, (_, i) => values[i % 4]!);
    const mapped = mapWeights(
      { values: many, outputs: 1, inputs: many.length, layout: "oi" },
      mappingOf({ weightBits: null }, fefet6),
    );
    const { values: cells } = applied(
      "programming",
      {},
      { device: fefet6, sigma: 0.1, magnitudes: magnitudesOf(mapped) },
      { target: mapped.target },
    );
    const { sigmaOuter, sigmaMid } = programmingVariation({ device: fefet6, sigma: 0.1, weightBits: 2 }, 1);
    for (const [i, sigma] of [sigmaOuter, sigmaMid, sigmaMid, sigmaOuter].entries()) {
      const errors = cells.map((g, at) => g - mapped.target[at]!).filter((_, at) => at % 4 === i);
      const { std, errorOfStd } = moments(errors);
      expect(Math.abs(std - sigma)).toBeLessThan(4 * errorOfStd);
    }
    expect(() => applied("programming", {}, { device: fefet6 }, { target: filled(3, 0.5) })).toThrow(
      'programming: expected magnitudes of the weights for judged "weight", got none',
    );
  });

  it("adds σz of its stream to the targets", () => {
    const z = normals(stream(1, { purpose: "programming", name: "w" }), 4);
    const { values } = applied("programming", {}, { device: normalDevice, sigma: 0.1 }, { target: filled(4, 0.5) });
    expect(values).toEqual(Float32Array.from(z, (one) => 0.5 + 0.1 * one));
  });

  it("scales a σ in µS by sigmaScale", () => {
    const errors = (sigmaScale: number): Float32Array =>
      applied("programming", {}, { device: pcm, sigmaScale }, { target: filled(100, 0.5) }).values.map((g) => g - 0.5);
    const [once, twice] = [errors(1), errors(2)];
    for (const [i, error] of once.entries()) expect(twice[i]).toBeCloseTo(2 * error, 6);
  });
});

describe("write-verify", () => {
  const target = filled(20_000, 0.5);
  const state: State = { device: normalDevice, sigma: 0.1 };
  /** Share of normal numbers within ±1. */
  const within = 0.6826894921;

  it("writes until within the tolerance and counts its writes", () => {
    const { values, counts } = applied("write-verify", { pulses: 100, tolerance: 0.1 }, state, { target });
    expect(values.every((g) => Math.abs(g - 0.5) <= 0.1 + 1e-7)).toBe(true);
    expect(counts.unverified).toBe(0);
    // Pulses per cell are geometric: mean 1/p, variance (1 − p)/p².
    const error = Math.sqrt((1 - within) / target.length) / within;
    expect(Math.abs(counts.writes! / target.length - 1 / within)).toBeLessThan(4 * error);
  });

  it("ends after the last pulse", () => {
    const { counts } = applied("write-verify", { pulses: 3, tolerance: 0.1 }, state, { target });
    const left = (1 - within) ** 3;
    expect(Math.abs(counts.unverified! / target.length - left)).toBeLessThan(4 * Math.sqrt(left / target.length));
    const once = applied("write-verify", { pulses: 1, tolerance: 0 }, state, { target });
    expect(once.counts).toEqual({ writes: target.length, unverified: target.length });
  });

  it("judges right after programming, at whatever age cells are read", () => {
    const verify = (time_s: number) =>
      applied("write-verify", { pulses: 50, tolerance: 0.03 }, { device: reramWan2022, time_s }, { target });
    const [early, late] = [verify(1), verify(86_400)];
    expect(late.counts).toEqual(early.counts);
    const sigmas = [1, 86_400].map((time_s) => sigmaAt(reramWan2022, { sigma: 0, time_s })(0.5));
    for (let i = 0; i < 100; i++) {
      expect(late.values[i]! - 0.5).toBeCloseTo(((early.values[i]! - 0.5) * sigmas[1]!) / sigmas[0]!, 5);
    }
  });
});

describe("device-to-device", () => {
  it("gives gains with mean 1 and the stated spread, in both distributions", () => {
    for (const distribution of ["normal", "lognormal"]) {
      for (const sigma of [0.05, 0.3]) {
        const target = filled(100_000, 0.5);
        const { values } = applied("device-to-device", { sigma, distribution }, { device: rram1 }, { target });
        const { mean, std, errorOfMean, errorOfStd } = moments(values.map((g) => g / 0.5));
        expect(Math.abs(mean - 1)).toBeLessThan(4 * errorOfMean);
        expect(Math.abs(std - sigma)).toBeLessThan(4 * errorOfStd);
      }
    }
  });

  it("takes the device's own spread, and does nothing at 0", () => {
    const device = defineDevice({ ...rram1, deviceToDevice: { distribution: "lognormal", sigma: 0.2 } });
    const target = filled(10, 0.5);
    const own = applied("device-to-device", {}, { device }, { target });
    expect(own).toEqual(
      applied("device-to-device", { sigma: 0.2, distribution: "lognormal" }, { device: rram1 }, { target }),
    );
    expect(applied("device-to-device", { sigma: 0 }, { device }, { target }).values).toEqual(target);
  });
});

describe("stuck", () => {
  const device = withRange(rram1, { onOffRatio: 4 });
  const target = filled(10_000, 0.5);

  it("hits nothing at rates 0 and everything at rate 1", () => {
    expect(applied("stuck", {}, { device }, { target })).toEqual({
      values: target,
      counts: { stuckOn: 0, stuckOff: 0 },
    });
    expect(applied("stuck", { pStuckOn: 1 }, { device }, { target })).toEqual({
      values: filled(10_000, 1),
      counts: { stuckOn: 10_000, stuckOff: 0 },
    });
    expect(applied("stuck", { pStuckOff: 1 }, { device }, { target })).toEqual({
      values: filled(10_000, 0.25),
      counts: { stuckOn: 0, stuckOff: 10_000 },
    });
  });

  it("hits cells at the stated rates, and only those", () => {
    const { values, counts } = applied("stuck", { pStuckOn: 0.1, pStuckOff: 0.3 }, { device }, { target });
    const share = (x: number): number => values.filter((g) => g === x).length / target.length;
    for (const [x, p] of [
      [1, 0.1],
      [0.25, 0.3],
      [0.5, 0.6],
    ] as const) {
      expect(Math.abs(share(x) - p)).toBeLessThan(4 * Math.sqrt((p * (1 - p)) / target.length));
    }
    expect(counts).toEqual({ stuckOn: 10_000 * share(1), stuckOff: 10_000 * share(0.25) });
  });
});

describe("drift", () => {
  it("never grows a conductance, and shrinks it the more the older it is", () => {
    fc.assert(
      fc.property(
        fc.array(fc.float({ min: 0, max: 1, noNaN: true }), { maxLength: 20 }),
        fc.tuple(fc.double({ min: 0, max: 1e9, noNaN: true }), fc.double({ min: 0, max: 1e9, noNaN: true })),
        fc.nat(),
        (cells, times, seed) => {
          const target = Float32Array.from(cells);
          const [early, late] = [...times]
            .sort((a, b) => a - b)
            .map((time_s) => applied("drift", {}, { device: pcm, time_s, seed }, { target }).values);
          for (const [i, x] of target.entries()) {
            expect(early![i]).toBeLessThanOrEqual(x);
            expect(late![i]).toBeLessThanOrEqual(early![i]!);
            expect(late![i]).toBeGreaterThanOrEqual(0);
          }
        },
      ),
    );
  });

  it("is none at time 0 and at scale 0, and a power of time with the same ν at every time", () => {
    const target = Float32Array.from({ length: 100 }, (_, i) => (i + 1) / 100);
    const at = (time_s: number, scale = 1): Float32Array =>
      applied("drift", { scale }, { device: pcm, time_s }, { target }).values;
    expect(at(0)).toEqual(target);
    expect(at(1e6, 0)).toEqual(target);
    const [hour, year] = [at(3600), at(3.2e7)];
    for (const [i, x] of target.entries()) {
      const nu = -Math.log(hour[i]! / x) / Math.log((3600 + 20) / 20);
      expect(year[i]).toBeCloseTo(x * ((3.2e7 + 20) / 20) ** -nu, 5);
    }
  });
});

describe("flicker", () => {
  it("follows the conductance as programmed, and grows with age", () => {
    const flicker = effects.get("flicker") as ReadEffect;
    const at = (time_s: number, programmed: number): number =>
      flicker.deviations(
        { target: filled(1, 0), values: filled(1, 0.5), programmed: filled(1, programmed) },
        { scale: 1 } as never,
        { device: pcm, time_s },
      )[0]!;
    const relative = (time_s: number, x: number): number =>
      Math.min(0.2, 0.0088 / Math.max(x ** 0.65, 0.001)) * Math.sqrt(Math.log((time_s + 20 + 250e-9) / 500e-9));
    for (const x of [0, 1e-9, 0.001, 0.2, 1]) {
      for (const time_s of [0, 1, 86_400]) expect(at(time_s, x)).toBeCloseTo(0.5 * relative(time_s, x), 5);
    }
  });
});
