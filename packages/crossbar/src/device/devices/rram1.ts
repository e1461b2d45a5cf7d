import { defineDevice } from "../device.js";
import { neftPaper, neftSigma } from "./neft-paper.js";

/** Four-level RRAM whose levels all vary equally. */
export const rram1 = defineDevice({
  id: "rram1",
  summary: "RRAM whose four levels all vary alike",
  technology: "RRAM",
  bitsPerCell: 2,
  source: neftPaper,
  sigmaDefinition: neftSigma,
  programming: { kind: "levels", sigma: [1, 1, 1, 1], share: [0.3, 0.2, 0.2, 0.3] },
});
