import { defineSettings, OptionError, type ResolvedOf } from "@neft/options";
import { uniforms } from "@neft/tensor";
import { gMinOf } from "../device/conductance-range.js";
import { probability } from "../share-kinds.js";
import { defineEffect } from "./effect.js";

const settings = defineSettings({
  pStuckOn: { kind: probability, about: "probability that a cell is stuck at gMax", default: 0 },
  pStuckOff: { kind: probability, about: "probability that a cell is stuck at gMin", default: 0 },
});

/** Faults: cells that hold gMax or gMin, whatever is written. */
export const stuck = defineEffect({
  id: "stuck",
  when: "write",
  purpose: "stuck",
  about: "cells are stuck at gMax or gMin",
  settings,
  check: ({ pStuckOn, pStuckOff }) => {
    if (pStuckOn + pStuckOff <= 1) return;
    throw new OptionError({
      option: "effects.stuck.pStuckOn",
      expected: `at most 1 together with {effects.stuck.pStuckOff} (${pStuckOff})`,
      got: String(pStuckOn),
      mentions: ["effects.stuck.pStuckOff"],
    });
  },
  apply: ({ values }, { pStuckOn, pStuckOff }: ResolvedOf<typeof settings>, { device, stream }) => {
    const gMin = gMinOf(device);
    // In [0, 1): rates of 0 hit nothing, rates of 1 everything.
    const u = uniforms(stream(), values.length);
    let stuckOn = 0;
    let stuckOff = 0;
    for (let i = 0; i < values.length; i++) {
      if (u[i]! < pStuckOff) {
        values[i] = gMin;
        stuckOff++;
      } else if (u[i]! >= 1 - pStuckOn) {
        values[i] = 1;
        stuckOn++;
      }
    }
    return { stuckOn, stuckOff };
  },
});
