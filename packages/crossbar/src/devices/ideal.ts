import { defineDevice } from "../device.js";

/** Takes exactly what is written, at any σ: the digital network on a chip. */
export const ideal = defineDevice({
  id: "ideal",
  summary: "no variation: every cell takes exactly what is written",
  technology: "none",
  bitsPerCell: 2,
  source: { cite: "definition" },
  programming: { kind: "exact" },
});
