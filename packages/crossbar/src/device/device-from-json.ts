import { checkPlain, kinds, oneLine } from "@neft/options";
import { defineDevice } from "./device.js";
import type { Device } from "./record.js";

/**
 * The device of a record in JSON, as text or parsed.
 * @throws {RangeError} for text that isn't JSON, and as `defineDevice` for a record that is wrong.
 */
export function deviceFromJson(json: string | object): Device {
  if (typeof json !== "string") return checkedRecord(json);
  let record: unknown;
  try {
    // Editors may write a byte order mark.
    record = JSON.parse(json.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new RangeError(`device: expected JSON, got text that isn't: ${oneLine((error as Error).message)}`);
  }
  return checkedRecord(record);
}

function checkedRecord(record: unknown): Device {
  checkPlain("device", record, "a record");
  const { id } = record as Partial<Device>;
  kinds.name(id, "device: id");
  return defineDevice(record as Device);
}
