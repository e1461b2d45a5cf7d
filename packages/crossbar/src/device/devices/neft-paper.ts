import type { Source } from "../record.js";

/** Source of the four device models. The shares of the levels (0.4 middle, 0.6 outer) are those of the paper's reference code. */
export const neftPaper: Source = {
  cite: "Qin et al., NeFT: Negative Feedback Training to Improve Robustness of Compute-In-Memory DNN Accelerators, IEEE TCAD 2025",
  doi: "10.1109/TCAD.2025.3591409",
};

/** Whose σ the four devices have. At 8 bits in cells of 2, SWIM's and TRICE's is a weight's variation 3.01 times smaller at the same σ. */
export const neftSigma =
  "NeFT's: standard deviation of one cell relative to its full scale, at the mean variance of the four levels; the same variation is σ 3.01 times as large in SWIM's and TRICE's definition (8 bits, 2 a cell)";
