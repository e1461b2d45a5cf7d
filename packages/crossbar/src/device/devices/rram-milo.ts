import { defineDevice } from "../device.js";

/** RRAM after Milo et al. with the IGVVA-100 algorithm, by CrossSim's fit. */
export const rramMilo = defineDevice({
  id: "rram-milo",
  summary: "RRAM programmed by an optimised multilevel algorithm, from 50 to 225 µS",
  technology: "RRAM",
  bitsPerCell: 2,
  source: {
    cite: "Milo et al., Optimized programming algorithms for multilevel RRAM in hardware neural networks, IRPS 2021, Fig. 4; CrossSim's fit",
    doi: "10.1109/IRPS46558.2021.9405119",
  },
  sigmaDefinition: "standard deviation of one cell's conductance after programming, in µS",
  gMax_uS: 225,
  onOffRatio: 4.5,
  fitted: { min_uS: 50, max_uS: 225 },
  programming: { kind: "polynomial", per_uS: 1, coefficients_uS: [4.782321, -0.009107] },
});
