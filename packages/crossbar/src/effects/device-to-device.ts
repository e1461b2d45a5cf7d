import { defineSettings, OptionError, oneOf, type ResolvedOf } from "@neft/options";
import { normals } from "@neft/tensor";
import type { Device, DeviceSpread } from "../device/record.js";
import { relativeDeviation } from "../share-kinds.js";
import { defineEffect } from "./effect.js";
import { expOfEach, logOf, mapped } from "./elementwise.js";

const settings = defineSettings({
  sigma: {
    kind: relativeDeviation,
    about: "standard deviation of the devices' gains, relative to their mean",
    defaultWords: "the device's own",
  },
  distribution: {
    kind: oneOf(["normal", "lognormal"]),
    about: "distribution of the gains",
    defaultWords: "the device's own, or normal",
  },
});

/** The spread by settings, or by the device's record. */
function spreadOf({ sigma, distribution }: ResolvedOf<typeof settings>, { id, deviceToDevice }: Device): DeviceSpread {
  const own = sigma ?? deviceToDevice?.sigma;
  if (own === undefined) {
    throw new OptionError({
      option: "effects.device-to-device.sigma",
      expected: `a number from 0 to 1, since the record of ${id} has no deviceToDevice`,
      got: "none",
    });
  }
  return { sigma: own, distribution: distribution ?? deviceToDevice?.distribution ?? "normal" };
}

/** Gains with mean 1 and standard deviation σ. */
const gains: Readonly<Record<DeviceSpread["distribution"], (z: Float32Array, sigma: number) => Float32Array>> = {
  /** 1 + σz, at least 0. */
  normal: (z, sigma) => mapped(z, (one) => Math.max(0, 1 + sigma * one)),
  /** e^{sz − s²/2} with s² = ln(1 + σ²). */
  lognormal: (z, sigma) => {
    const variance = logOf(1 + sigma * sigma);
    const s = Math.sqrt(variance);
    return expOfEach(mapped(z, (one) => s * one - variance / 2));
  },
};

/** Devices differ: each multiplies its conductance by a gain of its own, which lasts. */
export const deviceToDevice = defineEffect({
  id: "device-to-device",
  when: "write",
  purpose: "device-to-device",
  about: "each device multiplies its conductance by a gain of its own",
  settings,
  check: (given, { device }) => {
    spreadOf(given, device);
  },
  apply: ({ values }, given: ResolvedOf<typeof settings>, { device, stream }) => {
    const { sigma, distribution } = spreadOf(given, device);
    if (sigma === 0) return {};
    const gain = gains[distribution](normals(stream(), values.length), sigma);
    for (let i = 0; i < values.length; i++) values[i]! *= gain[i]!;
    return {};
  },
});
