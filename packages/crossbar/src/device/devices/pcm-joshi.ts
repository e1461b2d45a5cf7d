import { defineDevice } from "../device.js";

/** Phase-change memory after Joshi et al., by CrossSim's fit. The paper's data don't give its drift. */
export const pcmJoshi = defineDevice({
  id: "pcm-joshi",
  summary: "phase-change memory 27 s after programming, without drift",
  technology: "PCM",
  bitsPerCell: 2,
  source: {
    cite: "Joshi et al., Accurate deep neural network inference using computational phase-change memory, Nature Communications 11, 2020, Fig. 3b; CrossSim's fit",
    doi: "10.1038/s41467-020-16108-9",
  },
  sigmaDefinition: "standard deviation of one cell's conductance 27 s after programming, in µS",
  gMax_uS: 25,
  onOffRatio: 100,
  fitted: { min_uS: 0.25, max_uS: 25 },
  programming: { kind: "polynomial", per_uS: 1, coefficients_uS: [0.28638599, 0.07585724, -0.00178767] },
});
