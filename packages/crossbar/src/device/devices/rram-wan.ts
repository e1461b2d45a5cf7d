import { defineDevice } from "../device.js";
import { wanPaper } from "./wan-paper.js";

/** RRAM after Wan et al. at 1 second, by CrossSim's fit. */
export const rramWan = defineDevice({
  id: "rram-wan",
  summary: "RRAM 1 s after programming, CrossSim's fit of the data of reram-wan2022",
  technology: "ReRAM",
  bitsPerCell: 2,
  source: { ...wanPaper, cite: `${wanPaper.cite}, Extended Data Fig. 3; CrossSim's fit` },
  sigmaDefinition: "standard deviation of one cell's conductance 1 s after programming, in µS",
  gMax_uS: 39.26,
  fitted: { min_uS: 0, max_uS: 39.26 },
  programming: { kind: "polynomial", per_uS: 1, coefficients_uS: [1.053, 0.2374, -0.01167, 1.536e-4] },
});
