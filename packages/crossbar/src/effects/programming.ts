import { defineSettings, oneOf, type ResolvedOf, whole } from "@neft/options";
import { writeCells } from "@neft/tensor";
import { gMinOf } from "../device/conductance-range.js";
import { kindOf } from "../device/programming-kinds.js";
import type { Device } from "../device/record.js";
import { sigmaCurve } from "../device/sigma.js";
import { conductanceShare } from "../share-kinds.js";
import { type Cells, type DeviceState, defineEffect, type EffectContext } from "./effect.js";
import { mapped } from "./elementwise.js";

const judged = {
  kind: oneOf(["weight", "cell"]),
  about:
    "what decides the level of a cell whose σ is by level: |w|/S of the whole weight, as in NeFT, or the cell's own fraction",
  default: "weight",
} as const;

const programmingSettings = defineSettings({ judged });

const verifySettings = defineSettings({
  judged,
  pulses: { kind: whole({ min: 1, max: 1000 }), about: "most pulses for a cell", default: 10 },
  tolerance: { kind: conductanceShare, about: "accepted |g − target| relative to gMax", default: 0.02 },
});

type Judged = "weight" | "cell";

/** Whether a device's errors are uniform. */
const isUniform = ({ programming }: Device): boolean =>
  programming.kind === "normal" && programming.error === "uniform";

/** Conductances whose σ each cell has: its target, or the position of its whole weight, [element], the same for all its cells. */
function judgedConductances({ target }: Cells, by: Judged, context: EffectContext): Float32Array {
  const { device } = context;
  if (by === "cell" || device.programming.kind !== "levels") return target;
  const { magnitudes } = context;
  const elements = magnitudes?.length ?? 0;
  if (magnitudes === undefined || target.length % Math.max(1, elements) !== 0) {
    throw new RangeError(
      `programming: expected magnitudes of the weights for judged "weight", got ${magnitudes === undefined ? "none" : `${elements} for ${target.length} cells`}`,
    );
  }
  const gMin = gMinOf(device);
  return mapped(magnitudes, (magnitude) => gMin + (1 - gMin) * magnitude);
}

/** Values of some cells, of an array that repeats. */
function gathered(values: Float32Array, cells: Uint32Array): Float32Array {
  const some = new Float32Array(cells.length);
  const period = values.length;
  for (let i = 0; i < some.length; i++) some[i] = values[cells[i]! % period]!;
  return some;
}

/** What a device's writes have in common. */
function writingOf({ device, sigma, sigmaScale: scale, time_s }: EffectContext) {
  return {
    isUniform: isUniform(device),
    sigma: sigmaCurve(device, { sigma, scale, time_s }),
    verified: sigmaCurve(device, { sigma, scale }),
    least: kindOf(device.programming).isPhysical ? 0 : Number.NEGATIVE_INFINITY,
  };
}

/** Writes all cells once: target + σ(target)·z. */
function write(cells: Cells, by: Judged, context: EffectContext): void {
  const { target, values } = cells;
  writeCells(
    { target, values, judged: judgedConductances(cells, by, context) },
    { ...writingOf(context), key: context.stream() },
  );
}

/**
 * Writes all cells until they are close enough. A cell whose error exceeds the tolerance is written anew by the next pulse; the last
 * pulse's result stays. Errors are judged right after programming, values are those at `time_s`.
 *
 * @param pulses  Streams of the pulses, as many as a cell may get.
 */
function writeVerified(
  cells: Cells,
  {
    judged: by,
    pulses,
    tolerance,
  }: { readonly judged: Judged; readonly pulses: readonly bigint[]; readonly tolerance: number },
  context: EffectContext,
): { writes: number; unverified: number } {
  const { target, values } = cells;
  const how = writingOf(context);
  const all = judgedConductances(cells, by, context);
  /** Cells to write, in order; all of them first. */
  let pending = new Uint32Array(target.length);
  for (let cell = 0; cell < pending.length; cell++) pending[cell] = cell;
  let [goals, judged, writes] = [target, all, 0];
  for (const key of pulses) {
    const n = pending.length;
    const written = { target: goals, values: new Float32Array(n), judged };
    const errors = new Float64Array(n);
    writeCells(written, { ...how, key, errors });
    writes += n;
    let failures = 0;
    // In place: what is read comes after what is written.
    for (let i = 0; i < n; i++) {
      const cell = pending[i]!;
      values[cell] = written.values[i]!;
      if (errors[i]! > tolerance) pending[failures++] = cell;
    }
    pending = pending.subarray(0, failures);
    if (failures === 0) break;
    goals = gathered(target, pending);
    judged = all === target ? goals : gathered(all, pending);
  }
  return { writes, unverified: pending.length };
}

/** Checks that the device has a σ at its age. */
function checkAge({ device, time_s }: DeviceState): void {
  sigmaCurve(device, { sigma: 0, time_s });
}

/** Each cell is written once, with the device's σ at its target. */
export const programming = defineEffect({
  id: "programming",
  when: "write",
  purpose: "programming",
  about: "each cell takes its target with the device's standard deviation",
  settings: programmingSettings,
  check: (_, state) => checkAge(state),
  apply: (cells, { judged: by }: ResolvedOf<typeof programmingSettings>, context) => {
    write(cells, by, context);
    return { writes: cells.values.length };
  },
});

/** Each cell is written until it is close enough. It takes the place of `programming`. */
export const writeVerify = defineEffect({
  id: "write-verify",
  when: "write",
  purpose: "write-verify",
  about: "each cell is written again until it is within a tolerance of its target, in place of programming",
  settings: verifySettings,
  check: (_, state) => checkAge(state),
  apply: (cells, { judged: by, pulses, tolerance }: ResolvedOf<typeof verifySettings>, context) => {
    const keys = Array.from({ length: pulses }, (_, pulse) => context.stream(`pulse ${pulse}`));
    return writeVerified(cells, { judged: by, pulses: keys, tolerance }, context);
  },
});
