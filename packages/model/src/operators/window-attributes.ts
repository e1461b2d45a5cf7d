import { ints, text } from "../attribute-kinds.js";

/** Attributes that convolutions and pools share. Kernels over more than two axes are those of the larger set of operators. */
export const windowAttributes = {
  kernel_shape: ints({ min: 1, most: 2 }),
  strides: ints({ min: 1 }),
  pads: ints({ min: 0 }),
  auto_pad: text(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"], { default: "NOTSET" }),
} as const;
