import { chipSettings, standardDeviation } from "@neft/crossbar";
import { outputSettings, seedSettings } from "@neft/evaluation";
import { defineSettings, type GivenOf, oneOf, type ResolvedOf, real, whole } from "@neft/options";

const group = "Equalisation:";

const { device, weightBits, bitsPerCell } = chipSettings;

/** Settings of `equalise`. Without samples, only the device's and sigma are used, for the prediction. */
export const equaliseSettings = defineSettings({
  ...outputSettings,
  device,
  weightBits,
  bitsPerCell,
  sigma: {
    kind: standardDeviation,
    about: "device standard deviation that the network is made robust at, relative to full scale, 0 to 1",
    default: 0.2,
    group: "Chips:",
  },
  steps: {
    kind: whole({ min: 0, max: 100_000 }),
    about: "steps of descent on the measured distance from the clean network; 0 leaves the convex solution",
    default: 300,
    group,
  },
  batch: { kind: whole({ min: 1, max: 1_000_000 }), about: "samples of a step", default: 64, group },
  distance: {
    kind: oneOf(["kl", "error"], "<which>"),
    about:
      "distance from the clean network's outputs: kl (of the softmax along the last axis) or error (mean square, relative to their power)",
    defaultWords: "kl for a single output [batch, classes], else error",
    group,
  },
  area: {
    kind: real({ min: 1, max: 64 }),
    about:
      "cells to use, relative to those of the network: above 1, outputs of weights are written several times and averaged where that helps most",
    default: 1,
    group,
  },
  ...seedSettings,
});

/** Settings that callers pass. */
export type EqualiseSettings = GivenOf<typeof equaliseSettings>;

/** Checked settings with defaults filled in. Plain data; results record it. */
export interface ResolvedEqualiseSettings extends Omit<ResolvedOf<typeof equaliseSettings>, "distance"> {
  readonly distance: "kl" | "error";
}
