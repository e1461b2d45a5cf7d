import { ints, text } from "../attribute-kinds.js";

/** Attributes that convolutions and pools share. */
export const windowAttributes = {
  kernel_shape: ints({ min: 1 }),
  strides: ints({ min: 1 }),
  pads: ints({ min: 0 }),
  auto_pad: text(["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"], { default: "NOTSET" }),
} as const;

/** Refuses kernels over more axes than the operators support. */
export function checkSpatialAxes(kernel: readonly number[] | undefined): void {
  if (kernel !== undefined && (kernel.length < 1 || kernel.length > 2))
    throw new Error(`kernel_shape: expected one or two spatial axes, got [${kernel.join(", ")}]`);
}
