import { normalDevice, proportionalDevice, uniformDevice } from "./devices/generic.js";
import { pcm } from "./devices/pcm.js";
import { pcmJoshi } from "./devices/pcm-joshi.js";
import { reramWan2022 } from "./devices/reram-wan2022.js";
import { rramMilo } from "./devices/rram-milo.js";
import { rramWan } from "./devices/rram-wan.js";
import { devices } from "./devices.js";
import type { Device } from "./record.js";

/** All built-in devices by id, for chips made of cells. A module of its own: what judges whole weights has no use for most of them. */
export const cellDevices: ReadonlyMap<string, Device> = new Map(
  [
    ...devices.values(),
    pcm,
    pcmJoshi,
    reramWan2022,
    rramWan,
    rramMilo,
    normalDevice,
    proportionalDevice,
    uniformDevice,
  ].map((device) => [device.id, device]),
);
