import { defineSettings, OptionError, type ResolvedOf, real } from "@neft/options";
import { normals } from "@neft/tensor";
import { relativeTo } from "../device/conductance-range.js";
import type { Device, LogLine, PowerLawDrift } from "../device/record.js";
import { defineEffect } from "./effect.js";
import { expOfEach, logOf, logOfEach } from "./elementwise.js";

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

/** constant + log·l within the line's bounds. */
const valueOn = ({ constant, log = 0, min = -Infinity, max = Infinity }: LogLine, l: number): number =>
  Math.min(max, Math.max(min, constant + log * l));

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
    const logs = logOfEach(target, relativeTo(device, per_uS));
    const z = normals(stream(), target.length);
    const logTime = logOf((time_s + t0_s) / t0_s);
    const exponents = new Float32Array(target.length);
    for (let i = 0; i < exponents.length; i++) {
      const drawn = Math.abs(valueOn(nu, logs[i]!) + valueOn(sigmaNu, logs[i]!) * z[i]!);
      exponents[i] = -scale * drawn * logTime;
    }
    const factors = expOfEach(exponents);
    for (let i = 0; i < values.length; i++) values[i] = Math.max(0, values[i]! * factors[i]!);
    return {};
  },
});
