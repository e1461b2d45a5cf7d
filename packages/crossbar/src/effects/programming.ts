import { defineSettings, oneOf, type ResolvedOf, whole } from "@neft/options";
import { normals, uniforms } from "@neft/tensor";
import { gMinOf } from "../device/conductance-range.js";
import { kindOf } from "../device/programming-kinds.js";
import type { Device } from "../device/record.js";
import { sigmaAt } from "../device/sigma.js";
import { conductanceShare } from "../share-kinds.js";
import { type Cells, type DeviceState, defineEffect, type EffectContext } from "./effect.js";

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

/** How cells are written. */
interface Writing {
  readonly judged: "weight" | "cell";
  /** Streams of the pulses, as many as a cell may get. */
  readonly pulses: readonly bigint[];
  /** A cell is written again while its error exceeds this. */
  readonly tolerance: number;
}

/** The first n numbers of a stream with mean 0 and standard deviation 1, in the device's distribution. */
function deviates({ programming }: Device, key: bigint, n: number): Float32Array {
  if (programming.kind !== "normal" || programming.error !== "uniform") return normals(key, n);
  const u = uniforms(key, n);
  const range = Math.sqrt(12);
  for (let i = 0; i < n; i++) u[i] = range * (u[i]! - 0.5);
  return u;
}

/** Conductances whose σ each cell has: its target, or the position of its whole weight. */
function judgedConductances(
  { target }: Cells,
  by: Writing["judged"],
  { device, magnitudes }: EffectContext,
): Float32Array {
  if (by === "cell" || device.programming.kind !== "levels") return target;
  const elements = magnitudes?.length ?? 0;
  if (magnitudes === undefined || target.length % Math.max(1, elements) !== 0) {
    throw new RangeError(
      `programming: expected magnitudes of the weights for judged "weight", got ${magnitudes === undefined ? "none" : `${elements} for ${target.length} cells`}`,
    );
  }
  const gMin = gMinOf(device);
  const conductances = new Float32Array(target.length);
  for (let i = 0; i < conductances.length; i++) conductances[i] = gMin + (1 - gMin) * magnitudes[i % elements]!;
  return conductances;
}

/**
 * Writes all cells: target + σ(target)·z. A cell whose error exceeds the tolerance is written anew by the next pulse; the last pulse's
 * result stays. Errors are judged right after programming, values are those at `time_s`.
 */
function write(
  cells: Cells,
  { judged: by, pulses, tolerance }: Writing,
  context: EffectContext,
): { writes: number; unverified: number } {
  const { target, values } = cells;
  const { device, sigma, sigmaScale: scale, time_s } = context;
  const sigmaThen = sigmaAt(device, { sigma, scale, time_s });
  const sigmaNow = sigmaAt(device, { sigma, scale });
  const least = kindOf(device.programming).isPhysical ? 0 : Number.NEGATIVE_INFINITY;
  const conductances = judgedConductances(cells, by, context);
  const isVerified = tolerance < Number.POSITIVE_INFINITY;
  let writes = 0;
  /** Cells to write, in order; undefined: all. */
  let pending: Uint32Array | undefined;
  for (const key of pulses) {
    const n = pending?.length ?? target.length;
    const z = deviates(device, key, n);
    const failed = new Uint32Array(isVerified ? n : 0);
    let failures = 0;
    for (let i = 0; i < n; i++) {
      const cell = pending === undefined ? i : pending[i]!;
      const goal = target[cell]!;
      values[cell] = Math.max(least, goal + sigmaThen(conductances[cell]!) * z[i]!);
      if (!isVerified) continue;
      const verified = Math.max(least, goal + sigmaNow(conductances[cell]!) * z[i]!);
      if (Math.abs(verified - goal) > tolerance) failed[failures++] = cell;
    }
    writes += n;
    pending = failed.subarray(0, failures);
    if (failures === 0) break;
  }
  return { writes, unverified: pending?.length ?? 0 };
}

/** Checks that the device has a σ at its age. */
function checkAge({ device, time_s }: DeviceState): void {
  sigmaAt(device, { sigma: 0, time_s });
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
    const pulses = [context.stream()];
    return { writes: write(cells, { judged: by, pulses, tolerance: Number.POSITIVE_INFINITY }, context).writes };
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
    return write(cells, { judged: by, pulses: keys, tolerance }, context);
  },
});
