import { readFileSync } from "node:fs";
import {
  applyEffects,
  type Cells,
  chooseEffects,
  type Device,
  defineDevice,
  type Effect,
  pcm,
  reramWan2022,
  sigmaAt,
} from "@neft/crossbar";
import { init } from "@neft/kernels";
import { stream } from "@neft/tensor";
import { beforeAll, describe, expect, it } from "vitest";

// Samples of aihwkit 1.1.0's noise models.
interface Sampled {
  readonly mean: number;
  readonly std: number;
}
interface Row {
  readonly g: number;
  readonly programmed: Sampled;
  readonly read: readonly (Sampled & { readonly t_s: number; readonly error?: string })[];
}
interface Model {
  readonly gMax_uS: number;
  readonly rows: readonly Row[];
}
const golden: { models: { PCMLikeNoiseModel: Model; ReRamWan2022NoiseModel: Model } } = JSON.parse(
  readFileSync(new URL("./golden/devices.json", import.meta.url), "utf8"),
);
const goldenDraws = 200_000;
const draws = 100_000;

beforeAll(() => init());

/** Conductances in µS of cells with one target, programmed, or read at a time. */
function sampled(device: Device, x: number, time_s: number | undefined): Float32Array {
  const target = new Float32Array(draws).fill(x);
  const state = { device, time_s: time_s ?? 0 };
  const all = [
    { id: "programming", judged: "cell" },
    ...(device.drift ? [{ id: "drift" }] : []),
    ...(device.readNoise ? [{ id: "flicker" }] : []),
  ];
  const chosen = chooseEffects(all, state);
  const apply = (cells: Cells, when: Effect["when"]): void => {
    applyEffects(cells, chosen, when, ({ purpose }) => ({
      ...state,
      sigma: 0,
      stream: (part = "") => stream(7, { purpose: purpose + part, name: `${device.id} ${x} ${time_s}` }),
    }));
  };
  const values = target.slice();
  apply({ target, values }, "write");
  if (time_s !== undefined) {
    const programmed = values.slice();
    apply({ target, values, programmed }, "age");
    apply({ target, values, programmed }, "read");
  }
  return values.map((g) => g * device.gMax_uS!);
}

/** How far two samples' means and standard deviations are apart, in standard errors of the difference. */
function distances(values: Float32Array, other: Sampled): { mean: number; std: number } {
  const n = values.length;
  const mean = values.reduce((sum, g) => sum + g, 0) / n;
  let squares = 0;
  let fourths = 0;
  for (const g of values) {
    squares += (g - mean) ** 2;
    fourths += (g - mean) ** 4;
  }
  const variance = squares / (n - 1);
  const std = Math.sqrt(variance);
  const both = 1 / n + 1 / goldenDraws;
  return {
    mean: (mean - other.mean) / Math.sqrt(variance * both),
    // Var(s²) = (μ₄ − σ⁴)/n, and s differs by half as much, relative to itself.
    std: (std - other.std) / (Math.sqrt((fourths / n - variance ** 2) * both) / (2 * std)),
  };
}

/** Compares a device with all rows of a model; `deviceFor` gives the device of a row. */
function compare({ rows }: Model, deviceFor: (row: Row) => Device): { failures: string[]; compared: number } {
  const failures: string[] = [];
  let compared = 0;
  for (const row of rows) {
    const device = deviceFor(row);
    const cases = [
      { ...row.programmed, time_s: undefined },
      ...row.read.filter(({ error }) => error === undefined).map((read) => ({ ...read, time_s: read.t_s })),
    ];
    for (const { time_s, ...expected } of cases) {
      const { mean, std } = distances(sampled(device, row.g, time_s), expected);
      compared++;
      // Written so that NaN fails.
      if (!(Math.abs(mean) < 4 && Math.abs(std) < 4)) {
        failures.push(`${device.id} g=${row.g} at ${time_s ?? "programming"}: mean by ${mean}, std by ${std} errors`);
      }
    }
  }
  return { failures, compared };
}

describe("conductances beside aihwkit's", () => {
  it("of phase-change memory: programmed, and read from 1 second to 2 days", () => {
    const model = golden.models.PCMLikeNoiseModel;
    expect(pcm.gMax_uS).toBe(model.gMax_uS);
    expect(compare(model, () => pcm)).toEqual({ failures: [], compared: 30 });
  });

  // The samples are of aihwkit's model with its default g_max of 25 µS and targets up to 40 µS: it takes the polynomials at G/25, where they
  // are negative at 40 µS, and a normal number times a negative σ has its magnitude.
  it("of ReRAM at 1 second, 1 day and 2 days, with the polynomials' argument as it was sampled", () => {
    const model = golden.models.ReRamWan2022NoiseModel;
    expect(reramWan2022.gMax_uS).toBe(model.gMax_uS);
    const { programming } = reramWan2022;
    if (programming.kind !== "polynomial") throw new Error("expected the fit to be a polynomial");
    const sampledSo = defineDevice({ ...reramWan2022, programming: { ...programming, per_uS: 25 } });
    // At 40 µS by measured points of one age each, so that σ isn't clamped.
    const beyond = { ...model, rows: model.rows.filter(({ g }) => g === 1) };
    const within = { ...model, rows: model.rows.filter(({ g }) => g < 1) };
    expect(compare(within, () => sampledSo)).toEqual({ failures: [], compared: 20 });
    const sets = [programming, ...programming.later!];
    for (const [i, { coefficients_uS }] of sets.entries()) {
      const sigma = Math.abs(coefficients_uS.reduceRight((sum, c) => sum * 1.6 + c, 0));
      const device = defineDevice({
        ...reramWan2022,
        id: `beyond-${i}`,
        programming: { kind: "points", g_uS: [0, 40], sigma_uS: [0, sigma] },
      });
      const rows = beyond.rows.map((row) => ({
        ...row,
        programmed: i === 0 ? row.programmed : row.read.find(({ t_s }) => t_s === sets[i]!.t_s)!,
        read: row.read.filter(({ t_s }) => t_s === sets[i]!.t_s),
      }));
      expect(compare({ ...model, rows }, () => device)).toEqual({ failures: [], compared: 2 });
    }
  });

  it("of ReRAM as its preset has it, at the fraction of the range where aihwkit's samples are", () => {
    // Targets of 10 and 20 µS were taken at 0.4 and 0.8 of the fit, and are too far from 0 to be clamped.
    const { rows } = golden.models.ReRamWan2022NoiseModel;
    let compared = 0;
    for (const { g, read } of rows.filter((row) => row.g === 0.25 || row.g === 0.5)) {
      for (const { t_s, std, error } of read) {
        if (error !== undefined) continue;
        const sigma = 40 * sigmaAt(reramWan2022, { sigma: 0, time_s: t_s })(1.6 * g);
        // The std of 200,000 normal numbers has a relative error of 1/√400,000; at 10 µS, 0.6 % of them are clamped at 1 day.
        expect(Math.abs(std / sigma - 1), `${g} at ${t_s}`).toBeLessThan(g === 0.5 ? 4 / Math.sqrt(400_000) : 0.02);
        compared++;
      }
    }
    expect(compared).toBe(6);
  });
});
