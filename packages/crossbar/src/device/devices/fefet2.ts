import { defineDevice } from "../device.js";
import { neftPaper, neftSigma } from "./neft-paper.js";

/** Four-level FeFET whose middle levels vary twice as much as the outer ones. */
export const fefet2 = defineDevice({
  id: "fefet2",
  summary: "FeFET whose middle levels vary twice as much as the outer ones",
  technology: "FeFET",
  bitsPerCell: 2,
  source: neftPaper,
  sigmaDefinition: neftSigma,
  programming: { kind: "levels", sigma: [1, 2, 2, 1], share: [0.3, 0.2, 0.2, 0.3] },
});
