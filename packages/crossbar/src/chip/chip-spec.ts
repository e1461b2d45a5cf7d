import {
  defineSettings,
  type GivenOf,
  has,
  inWords,
  kinds,
  nested,
  OptionError,
  oneOf,
  opaque,
  refuse,
  resolveOptions,
} from "@neft/options";
import { type CompensationSettings, compensationSettings } from "../compensation/compensation-settings.js";
import { cellDevices } from "../device/cell-devices.js";
import { checkDevice, defineDevice } from "../device/device.js";
import { ideal } from "../device/devices/ideal.js";
import { kindOf } from "../device/programming-kinds.js";
import type { Device } from "../device/record.js";
import { type ChosenEffect, chooseEffects } from "../effects/effects.js";
import { type Mapping, mappingOf, mappingSettings } from "../mapping/mapping-settings.js";
import { weightLevels } from "../mapping/weight-levels.js";
import { standardDeviation } from "../share-kinds.js";
import { type AdcSettings, adcSettings, type DacSettings, dacSettings } from "../tile/converter-settings.js";
import { type Calibration, isCalibration } from "../tile/ranges.js";
import { type TileSettings, tileSettings } from "../tile/tile-settings.js";

/** An effect's id with its settings. */
export interface EffectSetting {
  readonly id: string;
  readonly [setting: string]: unknown;
}

/** Everything that decides how a chip computes. Plain data. */
export interface ChipSpec {
  readonly device: Device;
  /**
   * Standard deviation of a cell relative to its full scale. For devices whose record has it in µS: a factor of that, 1 as measured.
   */
  readonly sigma: number;
  /** What varies: whole weights, with one draw each as in the reference implementation of NeFT, or each cell. */
  readonly varies: "weights" | "cells";
  /** Draws the variation anew for every sample instead of once per chip; of whole weights only. */
  readonly perSample: boolean;
  readonly mapping: Mapping;
  readonly tile: TileSettings;
  /** Undefined: exact inputs. */
  readonly dac?: DacSettings | undefined;
  /** Undefined: exact sums. */
  readonly adc?: AdcSettings | undefined;
  /** What happens to the cells, in the order in which it acts. */
  readonly effects: readonly EffectSetting[];
  readonly compensation: CompensationSettings;
  /** What finetuning has set the periphery to. Default: converters are calibrated, outputs have no factors. */
  readonly calibration?: Calibration | undefined;
}

/** The format of a file with a chip. */
const format = 1;

const device = {
  words: "an id or a device record",
  check: (value: unknown, option: string): Device => {
    if (typeof value === "string") {
      return cellDevices.get(value) ?? refuse(option, `one of ${[...cellDevices.keys()].join(", ")}`, value);
    }
    return has(value) ? defineDevice(value as unknown as Device) : refuse(option, device.words, value);
  },
};

/** Settings of a chip, as a file has them. */
export const chipRows = defineSettings({
  format: {
    kind: opaque<1>(`${format}, the format of this version`, (value) => value === format),
    about: "format of the file",
    default: format,
  },
  device: { kind: device, about: "an id of neft devices, or a record", required: true },
  sigma: {
    kind: standardDeviation,
    about:
      "standard deviation of a cell relative to full scale; for devices that were measured in µS, a factor of what was measured",
    defaultWords: "0.1, or 1 for devices that were measured",
  },
  varies: {
    kind: oneOf(["cells", "weights"]),
    about: "each cell varies, or each whole weight has one draw, as in the reference implementation of NeFT",
    default: "cells",
  },
  mapping: { kind: nested(mappingSettings), about: "how weights become conductances" },
  tile: { kind: nested(tileSettings), about: "size and wiring of the crossbars" },
  dac: { kind: nested(dacSettings), about: "converters of inputs", defaultWords: "none" },
  adc: { kind: nested(adcSettings), about: "converters of sums", defaultWords: "none" },
  effects: {
    kind: opaque<readonly EffectSetting[]>(
      "a list of effects with ids",
      (value) => Array.isArray(value) && value.every((one) => has(one, "id") && typeof one.id === "string"),
    ),
    about: "what happens to the cells",
    defaultWords: "programming, and what the device's record has",
  },
  compensation: { kind: nested(compensationSettings), about: "what is corrected digitally after programming" },
  calibration: {
    kind: opaque<Calibration>("ranges and scales by layer, as finetuning writes them", isCalibration),
    about: "ranges of converters and factors of outputs that finetuning has learned",
    defaultWords: "measured on the calibration samples",
  },
});

/** A chip as a file describes it. */
export interface GivenChip extends GivenOf<typeof chipRows> {}

/** Whether the device's σ is in µS, so that a chip has a factor of it. */
export const isMeasured = ({ programming }: Device): boolean => kindOf(programming).isPhysical;

/** σ of a chip that doesn't say it. */
export const defaultSigma = (of: Device): number => (isMeasured(of) ? 1 : 0.1);

/** Effects of a chip that doesn't list them: those that its device's record has numbers for. */
function effectsOf({ drift, readNoise, deviceToDevice }: Device): EffectSetting[] {
  return [
    { id: "programming" },
    ...(deviceToDevice ? [{ id: "device-to-device" }] : []),
    ...(drift ? [{ id: "drift" }] : []),
    ...(readNoise ? [{ id: "flicker" }] : []),
  ];
}

/**
 * Checks a chip and fills in defaults. Errors name the member.
 * @throws {OptionError} for a member that is unknown, out of range, or doesn't fit the device or another member.
 */
export function defineChip(given: GivenChip, who = "chip"): ChipSpec {
  kinds.name(who, "defineChip: who");
  const { format: _, ...rows } = resolveOptions(who, given, chipRows);
  const { varies } = rows;
  const own = rows.device;
  const sigma = rows.sigma ?? defaultSigma(own);
  const effects = rows.effects ?? (varies === "cells" ? effectsOf(own) : []);
  const spec: ChipSpec = {
    device: own,
    sigma,
    varies,
    perSample: false,
    mapping: mappingOf(rows.mapping ?? {}, own),
    tile: resolveOptions("tile", rows.tile ?? {}, tileSettings),
    ...(rows.dac && { dac: rows.dac }),
    ...(rows.adc && { adc: rows.adc }),
    effects,
    compensation: resolveOptions("compensation", rows.compensation ?? {}, compensationSettings),
    ...(rows.calibration && { calibration: rows.calibration }),
  };
  checkChip(spec);
  return spec;
}

/** Checks what depends on several members. @returns the effects, checked, in the order in which they act. */
export function checkChip(spec: ChipSpec): readonly ChosenEffect[] {
  const { varies, effects, tile, device: own, mapping, sigma } = spec;
  if (!(Number.isFinite(sigma) && sigma >= 0)) throw new RangeError(`sigma: expected a number ≥ 0, got ${sigma}`);
  checkDevice(own);
  if (varies === "weights" && effects.length > 0) {
    throw new OptionError({
      option: "effects",
      expected: 'none where whole weights vary, since weights have no cells; varies "cells" has them',
      got: effects.map(({ id }) => id).join(", "),
    });
  }
  if (varies === "weights") weightLevels(own);
  if (tile.rWire_ohm > 0 && (varies === "weights" || own.gMax_uS === undefined)) {
    throw new OptionError({
      option: "tile.rWire_ohm",
      expected: "0 for whole weights and for devices without gMax_uS: voltages drop by conductances in µS",
      got: String(tile.rWire_ohm),
    });
  }
  if (mapping.arrangement === "offset" && varies === "weights") {
    throw new OptionError({
      option: "mapping.arrangement",
      expected: '"differential" where whole weights vary',
      got: '"offset"',
    });
  }
  return chooseEffects(effects, { device: own, time_s: 0 });
}

/** The chip with another σ. @throws {OptionError} for one out of range. */
export function withSigma(spec: ChipSpec, sigma: number): ChipSpec {
  if (!(Number.isFinite(sigma) && sigma >= 0))
    throw new RangeError(`sigma: expected a number ≥ 0, got ${inWords(sigma)}`);
  return { ...spec, sigma };
}

/** Checks that a chip can be read at an age. @throws {OptionError} for an age at which its device has no σ. */
export function checkAge(spec: ChipSpec, time_s = 0): void {
  chooseEffects(spec.effects, { device: spec.device, time_s });
}

/** Settings of the functions that describe a chip by its device alone. */
export interface DeviceSettings {
  readonly device: Device;
  readonly weightBits?: number | undefined;
  readonly bitsPerCell?: number | undefined;
  readonly perSample?: boolean | undefined;
}

/** The chip whose whole weights vary by its device, as in the reference implementation of NeFT. */
export function weightChip({ device: own, weightBits, bitsPerCell, perSample = false }: DeviceSettings): ChipSpec {
  const bits = { ...(weightBits !== undefined && { weightBits }), ...(bitsPerCell !== undefined && { bitsPerCell }) };
  return { ...defineChip({ device: own, varies: "weights", sigma: 0, mapping: bits }), perSample };
}

/** Whether an effect is drawn anew at each read, not once a chip. */
export const actsAtRead = ({ effect, settings }: ChosenEffect): boolean =>
  effect.when === "read" && settings.redraw !== "chip";

/** Whether anything acts at each read, so that products can't be computed with the chip's weights alone. */
export const isPerRead = ({ dac, adc }: Pick<ChipSpec, "dac" | "adc">, chosen: readonly ChosenEffect[]): boolean =>
  dac !== undefined || adc !== undefined || chosen.some(actsAtRead);

/** Whether results say what layers take on the chip: where it has cells or converters. */
export const isDetailed = ({ varies, dac, adc }: ChipSpec): boolean => varies === "cells" || (dac ?? adc) !== undefined;

/** A chip that computes the digital network. */
export const digitalChip: ChipSpec = weightChip({ device: ideal });
