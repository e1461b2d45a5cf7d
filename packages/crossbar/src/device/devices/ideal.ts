import { defineDevice } from "../device.js";

/** A device without variation at any σ: a chip of it computes the digital network. */
export const ideal = defineDevice({
  id: "ideal",
  summary: "no variation: every cell takes exactly what is written",
  technology: "none",
  bitsPerCell: 2,
  source: { cite: "definition" },
  programming: { kind: "exact" },
});
