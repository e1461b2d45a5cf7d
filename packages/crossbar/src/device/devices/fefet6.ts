import { defineDevice } from "../device.js";
import { neftPaper, neftSigma } from "./neft-paper.js";

/** Four-level FeFET whose middle levels vary six times as much as the outer ones. */
export const fefet6 = defineDevice({
  id: "fefet6",
  summary: "FeFET whose middle levels vary six times as much as the outer ones",
  technology: "FeFET",
  bitsPerCell: 2,
  source: neftPaper,
  sigmaDefinition: neftSigma,
  programming: { kind: "levels", sigma: [1, 6, 6, 1], share: [0.3, 0.2, 0.2, 0.3] },
});
