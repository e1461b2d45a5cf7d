import { inWords, kinds } from "@neft/options";
import type { Device } from "./device.js";
import { fefet2 } from "./devices/fefet2.js";
import { fefet6 } from "./devices/fefet6.js";
import { ideal } from "./devices/ideal.js";
import { rram1 } from "./devices/rram1.js";
import { rram4 } from "./devices/rram4.js";

/** The built-in devices by id. */
export const devices: ReadonlyMap<string, Device> = new Map(
  [ideal, rram1, fefet2, rram4, fefet6].map((device) => [device.id, device]),
);

/**
 * The built-in device with an id.
 * @throws {RangeError} for an unknown id; the message lists the known ones.
 */
export function deviceNamed(id: string): Device {
  kinds.name(id, "device");
  const device = devices.get(id);
  if (!device) throw new RangeError(`device: expected one of ${[...devices.keys()].join(", ")}, got ${inWords(id)}`);
  return device;
}
