import { defineDevice } from "../device.js";
import type { Device, NormalProgramming } from "../record.js";

/** A device whose variation is a setting alone. */
const generic = (id: string, error: NormalProgramming["error"], summary: string, sigmaDefinition: string): Device =>
  defineDevice({
    id,
    summary,
    technology: "any",
    bitsPerCell: 2,
    source: { cite: "definition" },
    sigmaDefinition,
    programming: { kind: "normal", error },
  });

/** Normal errors of the same σ at every conductance. */
export const normalDevice = generic(
  "normal",
  "independent",
  "normal errors, the same σ at every conductance",
  "standard deviation of one cell relative to gMax",
);

/** Normal errors with σ in proportion to the conductance. */
export const proportionalDevice = generic(
  "normal-proportional",
  "proportional",
  "normal errors in proportion to the conductance",
  "standard deviation of one cell relative to its conductance: CrossSim's α",
);

/** Uniform errors of the same σ at every conductance. */
export const uniformDevice = generic(
  "uniform",
  "uniform",
  "uniform errors, the same σ at every conductance",
  "standard deviation of one cell relative to gMax; the errors' width is √12·σ, which is CrossSim's magnitude",
);
