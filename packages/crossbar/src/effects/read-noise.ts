import { defineSettings, OptionError, oneOf, type ResolvedOf, real, type Settings } from "@neft/options";
import { addCellNoise, flickerDeviations } from "@neft/tensor";
import { relativeFactor } from "../device/conductance-range.js";
import type { Device, FlickerNoise } from "../device/record.js";
import { relativeDeviation } from "../share-kinds.js";
import { defineEffect, type ReadEffect } from "./effect.js";
import { logOf, mapped } from "./elementwise.js";

/** 1/f noise is slow: within one pass over some samples it may as well stay as it is. */
const redraw = {
  kind: oneOf(["read", "chip"]),
  about: "when the noise is drawn: anew at each read, or once for a chip at an age, as in aihwkit",
  default: "read",
} as const;

/** The rest of a read effect, from its deviations: values + σz, at least 0. */
function readEffect<const Rows extends Settings>(
  row: Omit<ReadEffect<Rows>, "when" | "purpose" | "apply">,
): ReadEffect<Rows> {
  return defineEffect({
    ...row,
    when: "read",
    purpose: row.id,
    apply: (cells, settings: ResolvedOf<Rows>, context) => {
      addCellNoise(cells.values, row.deviations(cells, settings, context), context.stream());
      return {};
    },
  });
}

/** The device's 1/f noise. @throws {OptionError} when it has none. */
function flickerOf({ id, readNoise }: Device): FlickerNoise {
  if (readNoise !== undefined) return readNoise;
  throw new OptionError({
    option: "device",
    subject: "flicker: {option}",
    expected: "a device whose record has readNoise",
    got: id,
    advice: "leave the effect out, or use read-noise",
  });
}

/** 1/f noise of the device's record, which grows with its age. */
export const flicker = readEffect({
  id: "flicker",
  about: "1/f noise of the device's record at each read",
  settings: defineSettings({
    scale: { kind: real({ min: 0 }), about: "factor of the noise's standard deviation", default: 1 },
    redraw,
  }),
  check: (_, { device }) => {
    flickerOf(device);
  },
  deviations: ({ values, programmed = values }, { scale }, { device, time_s }) => {
    const { factor, exponent, leastPower, most, tRead_s, t0_s, per_uS } = flickerOf(device);
    return flickerDeviations(programmed, values, {
      factor: relativeFactor(device, per_uS),
      exponent,
      growth: scale * Math.sqrt(logOf((time_s + t0_s + tRead_s) / (2 * tRead_s))),
      most,
      share: factor,
      least: leastPower,
    });
  },
});

/** Noise of a given standard deviation. */
export const readNoise = readEffect({
  id: "read-noise",
  about: "normal noise at each read",
  settings: defineSettings({
    sigma: { kind: relativeDeviation, about: "standard deviation of a read", default: 0.01 },
    relativeTo: {
      kind: oneOf(["conductance", "gMax"]),
      about: "what sigma is relative to: each cell's conductance, or gMax",
      default: "conductance",
    },
    redraw,
  }),
  check: () => undefined,
  deviations: ({ values }, { sigma, relativeTo: to }) =>
    to === "gMax" ? new Float32Array(values.length).fill(sigma) : mapped(values, (g) => sigma * g),
});
