import { checkOptions, has, inWords, kind, kinds, OptionError, type Rules, required } from "@neft/options";
import { rangeBreach } from "./conductance-range.js";
import { isOfKnownKind, kindOf, programmingKindNames } from "./programming-kinds.js";
import type { Device } from "./record.js";
import { driftRules, flickerRules, rangeRules, sourceRules, spreadRules, within } from "./record-rules.js";

/** Maximum bits of a cell, equal to the maximum bits of a weight. */
const maxCellBits = 16;

const deviceRules: Rules<Device> = {
  id: required(
    kind(
      "an id of lower-case letters, digits and dashes",
      (id) => typeof id === "string" && /^[a-z][a-z0-9-]*$/.test(id),
    ),
  ),
  summary: required(kinds.name),
  technology: required(kinds.name),
  bitsPerCell: required(
    kind(
      `a whole number from 1 to ${maxCellBits}`,
      (bits) => Number.isInteger(bits) && (bits as number) >= 1 && (bits as number) <= maxCellBits,
    ),
  ),
  source: required(kinds.options(sourceRules)),
  programming: required(kind(`a record of kind ${programmingKindNames}`, isOfKnownKind)),
  sigmaDefinition: kinds.name,
  gMax_uS: within({ above: 0 }),
  onOffRatio: within({ above: 1 }),
  fitted: kinds.options(rangeRules),
  drift: kinds.options(driftRules),
  readNoise: kinds.options(flickerRules),
  deviceToDevice: kinds.options(spreadRules),
};

/** Checked and frozen devices, which need no second check. */
const checked = new WeakSet<Device>();

/**
 * Checks a device record.
 * @throws {RangeError} naming the member that is missing, unknown or out of range.
 */
export function checkDevice(device: Device): void {
  if (checked.has(device)) return;
  const who = `device ${has(device, "id") ? inWords(device.id) : "without an id"}`;
  checkOptions(who, device, deviceRules, `${who}: `);
  const { programming, gMax_uS } = device;
  const { rules, check, isPhysical } = kindOf(programming);
  checkOptions(`${who}: programming`, programming, rules, `${who}: programming.`);
  check?.(who, programming, device);
  if (isPhysical && gMax_uS === undefined) {
    throw new RangeError(
      `${who}: gMax_uS: expected a number > 0, got undefined; σ of kind ${programming.kind} is in µS`,
    );
  }
  const breach = rangeBreach(device);
  if (breach) throw new OptionError({ ...breach, subject: `${who}: {option}` });
}

/** A deep copy of plain data, frozen. */
function frozenCopy<T>(value: T): T {
  if (typeof value !== "object" || value === null) return value;
  const copy: unknown = Array.isArray(value)
    ? value.map(frozenCopy)
    : Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, frozenCopy(inner)]));
  return Object.freeze(copy) as T;
}

/**
 * Checks a device record and returns a frozen copy of it.
 * @throws {RangeError} as `checkDevice`.
 */
export function defineDevice(device: Device): Device {
  checkDevice(device);
  if (checked.has(device)) return device;
  const own = frozenCopy(device);
  checked.add(own);
  return own;
}

/**
 * A device with another range of conductances.
 * @throws {OptionError} for a range beyond what the device's σ is known for.
 */
export function withRange(device: Device, range: Pick<Device, "gMax_uS" | "onOffRatio">): Device {
  const given = Object.fromEntries(Object.entries(range).filter(([, value]) => value !== undefined));
  if (Object.keys(given).length === 0) return defineDevice(device);
  for (const [name, value] of Object.entries(given)) {
    deviceRules[name as keyof Device](value, name);
  }
  const changed = { ...device, ...given };
  const breach = rangeBreach(changed);
  if (breach) throw new OptionError(breach);
  return defineDevice(changed);
}
