import type { Source } from "../device.js";

/** The paper whose four device models these are; shares of the levels (0.4 in the middle, 0.6 outside) as in its reference code. */
export const neftPaper: Source = {
  cite: "Qin et al., NeFT: Negative Feedback Training to Improve Robustness of Compute-In-Memory DNN Accelerators, IEEE TCAD 2025",
  doi: "10.1109/TCAD.2025.3591409",
};
