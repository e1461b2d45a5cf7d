import type { OptionErrorParts } from "@neft/options";
import type { Device, FittedRange } from "./record.js";

/** Conductance of a cell that is off, relative to gMax: 1/(on/off ratio). */
export const gMinOf = ({ onOffRatio }: Device): number => (onOffRatio === undefined ? 0 : 1 / onOffRatio);

/** The factor from a conductance relative to gMax to one relative to `per_uS`. Default of `per_uS`: gMax. */
export const relativeFactor = ({ gMax_uS }: Device, per_uS: number | undefined): number =>
  per_uS === undefined || gMax_uS === undefined ? 1 : gMax_uS / per_uS;

/** The conductances that a device's σ is known for; undefined for any. */
export function fittedRange({ fitted, programming }: Device): FittedRange | undefined {
  if (programming.kind !== "points") return fitted;
  const [first, last] = [programming.g_uS[0]!, programming.g_uS.at(-1)!];
  return fitted === undefined
    ? { min_uS: first, max_uS: last }
    : { min_uS: Math.max(first, fitted.min_uS), max_uS: Math.min(last, fitted.max_uS) };
}

/** The first member by which a device's range exceeds what its σ is known for, as the parts of an error; undefined when none does. */
export function rangeBreach(device: Device): Omit<OptionErrorParts, "subject"> | undefined {
  const range = fittedRange(device);
  const { gMax_uS, onOffRatio } = device;
  if (range === undefined || gMax_uS === undefined) return undefined;
  const { min_uS, max_uS } = range;
  const covers = `σ is known from ${min_uS} to ${max_uS} µS`;
  if (gMax_uS > max_uS) {
    return { option: "gMax_uS", expected: `at most ${max_uS}`, got: String(gMax_uS), advice: covers };
  }
  // Ratios such as 225/50 are rounded.
  if (gMax_uS * gMinOf(device) >= min_uS * (1 - 1e-9)) return undefined;
  if (min_uS >= gMax_uS) {
    return { option: "gMax_uS", expected: `above ${min_uS}`, got: String(gMax_uS), advice: covers };
  }
  return {
    option: "onOffRatio",
    expected: `at most ${Number((gMax_uS / min_uS).toPrecision(6))}`,
    got: onOffRatio === undefined ? "none, so that cells go down to 0 µS" : String(onOffRatio),
    advice: covers,
  };
}
