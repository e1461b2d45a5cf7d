import {
  defineSettings,
  flag,
  has,
  inWords,
  OptionError,
  oneOrListOf,
  type ResolvedOf,
  refuse,
  type WordKind,
  whole,
} from "@neft/options";
import { type ChipSpec, checkAge, defineChip, type GivenChip, weightChip, withSigma } from "./chip/chip-spec.js";
import { chipPresets } from "./chip/presets.js";
import { timeKind } from "./chip/times.js";
import { cellDevices } from "./device/cell-devices.js";
import { defineDevice } from "./device/device.js";
import { rram1 } from "./device/devices/rram1.js";
import { deviceNamed, devices } from "./device/devices.js";
import type { Device } from "./device/record.js";
import { maxBits } from "./mapping/mapping-settings.js";

const group = "Chips:";

/** A device by its id, or a record of one, which is checked and copied. */
const device: WordKind<string | Device, Device> = {
  words: "an id or a device record",
  placeholder: "<id>",
  check: (value, option) => {
    if (typeof value === "string") return deviceNamed(devices.has(value) ? value : refuseId(option, value));
    return has(value) ? defineDevice(value as unknown as Device) : refuse(option, device.words, value);
  },
  parse: (word, option) => (devices.has(word) ? word : refuseId(option, word)),
};

function refuseId(option: string, id: string): never {
  const advice = cellDevices.has(id) ? "its σ is that of cells: describe a chip of them, with {chip}" : undefined;
  throw new OptionError({
    option,
    expected: `one of ${[...devices.keys()].join(", ")}`,
    got: inWords(id),
    advice,
    mentions: ["chip"],
  });
}

/** A chip: a preset by name, a spec, or what a file has of one. */
const chip: WordKind<string | GivenChip | ChipSpec, ChipSpec> = {
  words: "a preset, or a chip as neft chip --init writes it",
  placeholder: "<file|preset>",
  check: (value, option) => {
    if (typeof value === "string") {
      const preset = chipPresets.get(value);
      return preset ?? refuse(option, `one of ${[...chipPresets.keys()].join(", ")}, or a chip`, value);
    }
    if (!has(value)) return refuse(option, chip.words, value);
    // A spec that was resolved before says what its weights' draw is, too.
    const { perSample = false, ...rest } = value as GivenChip & { readonly perSample?: boolean };
    return { ...defineChip(rest, option), perSample: flag.check(perSample, `${option}.perSample`) };
  },
  parse: (word, option) => (chipPresets.has(word) ? word : (chip.check(word, option) as never)),
};

/** A chip whose whole weights vary by its device. */
export const weightSettings = defineSettings({
  device: {
    kind: device,
    about: `${[...devices.keys()].join(", ")}, or a record; neft devices lists them`,
    default: rram1,
    defaultWords: rram1.id,
    group,
    record: ({ id }: Device) => id,
  },
  perSample: {
    kind: flag,
    about: "draw the variation anew for every sample instead of once a chip",
    default: false,
    group,
  },
  weightBits: { kind: whole({ min: 1, max: maxBits }), about: "bits of a stored weight", default: 8, group },
  bitsPerCell: {
    kind: whole({ min: 1, max: maxBits }),
    about: "bits of one cell, a divisor of the weight's",
    defaultWords: "the device's own",
    flag: "--cell-bits <n>",
    group,
  },
});

/** A chip: described by its device, or as a whole. */
export const chipSettings = defineSettings({
  chip: {
    kind: chip,
    about: `a chip: ${[...chipPresets.keys()].join(", ")}, or a JSON file (neft chip --init writes one); in place of the next four`,
    defaultWords: "whole weights that vary by the device",
    group,
  },
  ...weightSettings,
});

/** When chips are read, and what is calibrated before. */
export const readSettings = defineSettings({
  time: {
    kind: oneOrListOf(timeKind, { words: "times since programming, such as 1h", placeholder: "<1s,1h,1d>" }),
    about: "age of the chips at which they are read: seconds, or 1s, 1m, 1h, 1d, 1y",
    defaultWords: "right after programming",
    group,
  },
  calibrationSamples: {
    kind: whole({ min: 1, max: 4096 }),
    about: "samples on which converters and corrections of a chip are calibrated, without labels: the first ones",
    default: 64,
    group,
  },
});

export type ChipSettings = ResolvedOf<typeof chipSettings>;

type WeightSettings = ResolvedOf<typeof weightSettings>;

/** What a call says of its chips, before defaults. */
interface GivenChips {
  readonly chip?: unknown;
  readonly device?: unknown;
  readonly perSample?: unknown;
  readonly weightBits?: unknown;
  readonly bitsPerCell?: unknown;
  readonly sigma?: unknown;
}

/**
 * Settings with what a chip says of them: a chip has its own device, bits and σ. Settings without a chip stay as they are. Idempotent.
 * @throws {OptionError} for another device, bits or a draw for every sample beside a chip.
 */
export function withChip<Given extends GivenChips>(given: Given): Given {
  // What isn't an object of settings is refused where they are resolved.
  if (!has(given, "chip") || given.chip === undefined || given.chip === null) return given;
  const spec = chipSettings.chip.kind.check(given.chip as GivenChip, "chip");
  const own = {
    device: spec.device,
    perSample: spec.perSample,
    weightBits: spec.mapping.weightBits ?? chipSettings.weightBits.default,
    bitsPerCell: spec.mapping.bitsPerCell,
  };
  for (const name of ["device", "perSample", "weightBits", "bitsPerCell"] as const) {
    const value = given[name];
    // Results record a device's id.
    const isOwn = value === undefined || (name === "device" && value === own.device.id);
    const resolved = isOwn ? own[name] : chipSettings[name].kind.check(value as never, name);
    if (resolved === own[name]) continue;
    throw new OptionError({
      option: name,
      expected: "none beside {chip}, which has its own",
      got: has(resolved, "id") ? String(resolved.id) : String(resolved),
      mentions: ["chip"],
    });
  }
  return { ...given, chip: spec, ...own, sigma: given.sigma ?? spec.sigma };
}

/** A chip at an age. */
export interface ChipAtAge {
  readonly chip: ChipSpec;
  /** Seconds since programming; undefined if no age was asked for. */
  readonly time_s?: number;
}

/** The chip of resolved settings. @throws {OptionError} for settings that don't fit together. */
export function chipOf(settings: Partial<Pick<ChipSettings, "chip">> & WeightSettings, sigma: number): ChipSpec {
  return withSigma(settings.chip ?? weightChip(settings), sigma);
}

/**
 * The chips that an evaluation reads: those of each σ, at each age.
 * @throws {OptionError} for settings that don't fit together, or an age at which the device can't be read.
 */
export function chipsOf(
  settings: ChipSettings & { readonly sigma: readonly number[] } & ResolvedOf<Pick<typeof readSettings, "time">>,
): ChipAtAge[] {
  const { sigma, time } = settings;
  return sigma.flatMap((one) => {
    const spec = chipOf(settings, one);
    return (time ?? [undefined]).map((time_s): ChipAtAge => {
      checkAge(spec, time_s);
      return { chip: spec, ...(time_s !== undefined && { time_s }) };
    });
  });
}
