import type { NodeCall, OperatorVersions } from "./row.js";
import { attributes } from "./row.js";

/** Attributes that convolutions and pools share. */
export function windowAttributes({ attributes: read }: NodeCall) {
  const autoPad = read.text("auto_pad", ["NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"], "NOTSET");
  const pads = read.ints("pads", { least: 0 });
  return {
    kernel_shape: read.ints("kernel_shape", { least: 1 }),
    strides: read.ints("strides", { least: 1 }),
    ...(autoPad === "NOTSET" ? { pads } : { auto_pad: autoPad }),
  };
}

const spatial = "one or two spatial axes";

/** A kernel over more axes than the model has operators for is refused before anything runs. */
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
          dilations: call.attributes.ints("dilations", { least: 1 }),
          group: call.attributes.int("group", 1, { least: 1 }),
        }),
      };
    },
  },
};
