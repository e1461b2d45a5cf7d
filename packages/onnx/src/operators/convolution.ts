import type { NodeCall, OperatorVersions } from "./row.js";
import { attributes } from "./row.js";

/** Reads the attributes that convolutions and pools share. */
export function windowAttributes({ attributes: read }: NodeCall) {
  const autoPad = read.text("auto_pad", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"], "NOTSET");
  const pads = read.ints("pads", { min: 0 });
  return {
    kernel_shape: read.ints("kernel_shape", { min: 1 }),
    strides: read.ints("strides", { min: 1 }),
    ...(autoPad === "NOTSET" ? { pads } : { auto_pad: autoPad }),
  };
}

const spatial = "one or two spatial axes";

/** Refuses kernels over more axes than the model's operators support. */
export function checkAxes(call: NodeCall, kernel: readonly number[] | undefined): void {
  if (kernel !== undefined && (kernel.length < 1 || kernel.length > 2)) {
    throw new Error(`${call.who}: kernel_shape: expected ${spatial}, got [${kernel.join(", ")}]`);
  }
}

export const Conv: OperatorVersions = {
  1: {
    inputs: [2, 3],
    outputs: 1,
    limits: spatial,
    convert: (call) => {
      const window = windowAttributes(call);
      checkAxes(call, window.kernel_shape);
      return {
        op: "Conv",
        inputs: call.inputs,
        attributes: attributes({
          ...window,
          dilations: call.attributes.ints("dilations", { min: 1 }),
          group: call.attributes.int("group", 1, { min: 1 }),
        }),
      };
    },
  },
};
