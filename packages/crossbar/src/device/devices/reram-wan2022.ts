import { defineDevice } from "../device.js";
import { wanPaper } from "./wan-paper.js";

/**
 * ReRAM after Wan et al., σ at 1 second, 1 day and 2 days, as aihwkit's ReRamWan2022NoiseModel(g_max=40) has it. With aihwkit's default
 * g_max of 25 µS the same coefficients are taken at G/25, beyond their fit: σ at 40 µS would be 10.5 µS.
 */
export const reramWan2022 = defineDevice({
  id: "reram-wan2022",
  summary: "ReRAM whose cells relax: σ at 1 s, 1 day and 2 days after programming",
  technology: "ReRAM",
  bitsPerCell: 2,
  source: { ...wanPaper, cite: `${wanPaper.cite}; coefficients of aihwkit 1.1.0` },
  sigmaDefinition: "standard deviation of one cell's conductance about its target at that age, in µS",
  gMax_uS: 40,
  fitted: { min_uS: 0, max_uS: 40 },
  programming: {
    kind: "polynomial",
    per_uS: 40,
    t_s: 1,
    coefficients_uS: [0.348, 16.03, -43.853, 45.393, -16.815],
    later: [
      { t_s: 86_400, coefficients_uS: [0.701, 22.086, -50.773, 47.095, -16.458] },
      { t_s: 172_800, coefficients_uS: [0.782, 20.274, -43.507, 37.062, -11.934] },
    ],
  },
});
