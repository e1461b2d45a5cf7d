import { checkWithin } from "@neft/options";
import { type SigmaCurve, sigmaOnCurve } from "@neft/tensor";
import { gMinOf } from "./conductance-range.js";
import { defineDevice } from "./device.js";
import { kindOf, type SigmaSettings } from "./programming-kinds.js";
import type { Device } from "./record.js";

/** Standard deviations of programmed cells, in a form that kernels take. All are relative to gMax. */
export type CellSigma =
  | { readonly kind: "none" }
  /** By level, of the value that is judged. */
  | { readonly kind: "levels"; readonly outer: number; readonly middle: number }
  /** σ(x) at equally spaced x from 0 to 1, linear in between. */
  | { readonly kind: "table"; readonly values: Float32Array<ArrayBuffer> };

/** Default number of points of a table. A parabola of the built-in fits bends less than 10⁻⁴ of its largest value between them. */
const tablePoints = 257;

/**
 * The standard deviation of a programmed cell by its target, both relative to gMax, as kernels take it.
 * @throws {RangeError} for a setting out of range, or an age at which the device wasn't measured.
 */
export function sigmaCurve(device: Device, settings: SigmaSettings): SigmaCurve {
  const { sigma, scale = 1, time_s = 0 } = settings;
  checkWithin("sigma", sigma, { min: 0 });
  checkWithin("scale", scale, { min: 0 });
  checkWithin("time_s", time_s, { min: 0 });
  const own = defineDevice(device);
  return kindOf(own.programming).curve(own.programming, own, settings);
}

/** The same as a function of the target x, in [0, 1]. @throws {RangeError} as `sigmaCurve`. */
export function sigmaAt(device: Device, settings: SigmaSettings): (x: number) => number {
  const curve = sigmaCurve(device, settings);
  return (x) => sigmaOnCurve(curve, x);
}

/** σ(x) at `points` equally spaced x from 0 to 1, relative to gMax. @throws {RangeError} as `sigmaAt`, or for fewer than 2 points. */
export function sigmaTable(device: Device, settings: SigmaSettings, points = tablePoints): Float32Array<ArrayBuffer> {
  checkWithin("points", points, { whole: true, min: 2 });
  const at = sigmaAt(device, settings);
  return Float32Array.from({ length: points }, (_, i) => at(i / (points - 1)));
}

/**
 * The standard deviations of a device's programmed cells: none, by level, or as a table.
 * @throws {RangeError} as `sigmaAt`.
 */
export function sigmaOf(device: Device, settings: SigmaSettings): CellSigma {
  const at = sigmaAt(device, settings);
  const { programming } = device;
  if (programming.kind === "exact") return { kind: "none" };
  if (programming.kind === "levels") {
    const gMin = gMinOf(device);
    return { kind: "levels", outer: at(1), middle: at((1 + gMin) / 2) };
  }
  return { kind: "table", values: sigmaTable(device, settings) };
}
