import { defineDevice } from "../device.js";
import { neftPaper, neftSigma } from "./neft-paper.js";

/** Four-level RRAM whose middle levels vary four times as much as the outer ones. */
export const rram4 = defineDevice({
  id: "rram4",
  summary: "RRAM whose middle levels vary four times as much as the outer ones",
  technology: "RRAM",
  bitsPerCell: 2,
  source: neftPaper,
  sigmaDefinition: neftSigma,
  programming: { kind: "levels", sigma: [1, 4, 4, 1], share: [0.3, 0.2, 0.2, 0.3] },
});
