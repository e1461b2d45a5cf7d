import type { Source } from "../record.js";

/** Source of two fits of the same chip's data. */
export const wanPaper: Source = {
  cite: "Wan et al., A compute-in-memory chip based on resistive random-access memory, Nature 608, 2022",
  doi: "10.1038/s41586-022-04992-8",
};
