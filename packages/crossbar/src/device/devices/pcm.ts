import { defineDevice } from "../device.js";

/** Phase-change memory after Nandakumar et al., as aihwkit's PCMLikeNoiseModel has it. */
export const pcm = defineDevice({
  id: "pcm",
  summary: "phase-change memory: programming variation, drift and 1/f read noise",
  technology: "PCM",
  bitsPerCell: 2,
  source: {
    cite: "Nandakumar et al., Phase-change memory models for deep learning training and inference, ICECS 2019; coefficients of aihwkit 1.1.0",
    doi: "10.1109/ICECS46596.2019.8964852",
  },
  sigmaDefinition: "standard deviation of one cell's conductance right after programming, in µS",
  gMax_uS: 25,
  fitted: { min_uS: 0, max_uS: 25 },
  programming: { kind: "polynomial", per_uS: 25, coefficients_uS: [0.26348, 1.965, -1.1731] },
  drift: {
    kind: "power-law",
    t0_s: 20,
    per_uS: 25,
    nu: { log: -0.0155, constant: 0.0244, min: 0.049, max: 0.1 },
    sigmaNu: { log: -0.0125, constant: -0.0059, min: 0.008, max: 0.045 },
  },
  readNoise: {
    kind: "flicker",
    factor: 0.0088,
    exponent: 0.65,
    leastPower: 0.001,
    most: 0.2,
    tRead_s: 250e-9,
    t0_s: 20,
    per_uS: 25,
  },
});
