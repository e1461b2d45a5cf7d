import type { Source } from "../device.js";

/** Source of the four device models. The shares of the levels (0.4 middle, 0.6 outer) are those of the paper's reference code. */
export const neftPaper: Source = {
  cite: "Qin et al., NeFT: Negative Feedback Training to Improve Robustness of Compute-In-Memory DNN Accelerators, IEEE TCAD 2025",
  doi: "10.1109/TCAD.2025.3591409",
};
