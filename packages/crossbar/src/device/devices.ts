import { inWords, kinds } from "@neft/options";
import { fefet2 } from "./devices/fefet2.js";
import { fefet6 } from "./devices/fefet6.js";
import { ideal } from "./devices/ideal.js";
import { rram1 } from "./devices/rram1.js";
import { rram4 } from "./devices/rram4.js";
import type { Device } from "./record.js";

/** The built-in devices by id whose variation can be judged on whole weights. */
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
