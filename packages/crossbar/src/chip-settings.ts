import {
  defineSettings,
  flag,
  has,
  OptionError,
  type ResolvedOf,
  real,
  refuse,
  type WordKind,
  whole,
} from "@neft/options";
import { type Device, defineDevice } from "./device.js";
import { rram1 } from "./devices/rram1.js";
import { deviceNamed, devices } from "./devices.js";

/** Most bits of a weight: powers of 4 up to here are exact. */
const maxWeightBits = 16;

const notNegative = real({ min: 0 });

const group = "Chips:";

/** Percent as a share, without what division adds to the decimals. */
const asShare = (percent: number): number => Number((percent / 100).toPrecision(12));

/**
 * A standard deviation relative to a device's full scale, from 0 to 1. One above 1 is most likely in percent, which the error asks. Only
 * what users give is judged so: OVF's forwards, at σ and something more, may go beyond.
 */
export const standardDeviation: WordKind<number> = {
  words: "a number from 0 to 1",
  placeholder: "<x>",
  check: (value, option) => {
    if (typeof value !== "number" || !Number.isFinite(value) || value < 0) return refuse(option, "a number ≥ 0", value);
    if (value <= 1) return value;
    throw new OptionError({
      option,
      expected: "at most 1, a standard deviation relative to a device's full scale",
      got: String(value),
      advice: `is it in percent? For ${value} % give ${asShare(value)}`,
    });
  },
  parse: (word, option) => {
    return standardDeviation.check(notNegative.parse(word, option), option);
  },
};

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
  return refuse(option, `one of ${[...devices.keys()].join(", ")}`, id);
}

/** How the weights of a chip are stored. */
export const chipSettings = defineSettings({
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
  weightBits: { kind: whole({ min: 1, max: maxWeightBits }), about: "bits of a stored weight", default: 8, group },
  bitsPerCell: {
    kind: whole({ min: 1, max: maxWeightBits }),
    about: "bits of one cell, a divisor of the weight's",
    defaultWords: "the device's own",
    flag: "--cell-bits <n>",
    group,
  },
});

export type ChipSettings = ResolvedOf<typeof chipSettings>;
