import { defineSettings, OptionError, type ResolvedOf, real } from "@neft/options";
import { type BoundedLine, driftCells } from "@neft/tensor";
import { relativeFactor } from "../device/conductance-range.js";
import type { Device, LogLine, PowerLawDrift } from "../device/record.js";
import { defineEffect } from "./effect.js";
import { logOf } from "./elementwise.js";

const settings = defineSettings({
  scale: { kind: real({ min: 0 }), about: "factor of the drift exponents ν; 0 for no drift", default: 1 },
});

/** The device's drift. @throws {OptionError} when it has none. */
function driftOf({ id, drift }: Device): PowerLawDrift {
  if (drift !== undefined) return drift;
  throw new OptionError({
    option: "device",
    subject: "drift: {option}",
    expected: "a device whose record has drift",
    got: id,
    advice: "leave the effect out",
  });
}

/** The line with all its numbers. */
const lineOf = ({ constant, log = 0, min = -Infinity, max = Infinity }: LogLine): BoundedLine => ({
  constant,
  slope: log,
  least: min,
  most: max,
});

/** Conductances decay by g·(t/t0)^−ν, with a ν of each cell that is drawn once. */
export const drift = defineEffect({
  id: "drift",
  when: "age",
  purpose: "drift",
  about: "conductances decay by a power of time",
  settings,
  check: (_, { device }) => {
    driftOf(device);
  },
  apply: ({ target, values }, { scale }: ResolvedOf<typeof settings>, { device, time_s, stream }) => {
    const { t0_s, nu, sigmaNu, per_uS } = driftOf(device);
    driftCells(target, values, {
      key: stream(),
      factor: relativeFactor(device, per_uS),
      nu: lineOf(nu),
      sigmaNu: lineOf(sigmaNu),
      scale: -scale,
      logTime: logOf((time_s + t0_s) / t0_s),
    });
    return {};
  },
});
