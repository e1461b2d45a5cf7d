export {
  type DrawSettings,
  digitalBackend,
  givenBackend,
  type ProgrammedChip,
  programChip,
  readTogether,
  type VariationSettings,
  variationBackend,
} from "./backends.js";
export { type ChipSettings, chipSettings, standardDeviation } from "./chip-settings.js";
export { type Device, defineDevice, type ExactProgramming, type LevelProgramming, type Source } from "./device.js";
export { fefet2 } from "./devices/fefet2.js";
export { fefet6 } from "./devices/fefet6.js";
export { ideal } from "./devices/ideal.js";
export { rram1 } from "./devices/rram1.js";
export { rram4 } from "./devices/rram4.js";
export { deviceNamed, devices } from "./devices.js";
export { checkProgramming, type ProgrammingSettings, programmingVariation, type WeightSigma } from "./programming.js";
