import type { Attribute } from "../../onnx-file.js";
import { fixed, type Sample, x } from "../sample.js";

const conv = (about: string, inputs: Sample["inputs"], attributes: Record<string, Attribute> = {}): Sample => ({
  op: "ConvTranspose",
  about,
  inputs,
  attributes,
});

export const transposedConvolution: readonly Sample[] = [
  conv("no attributes", [x(2, 3, 4, 5), fixed(3, 4, 3, 2)]),
  conv("all attributes", [x(2, 4, 4, 3), fixed(4, 3, 3, 2), fixed(6)], {
    strides: [3, 2],
    pads: [1, 0, 2, 1],
    dilations: [2, 1],
    group: 2,
    output_padding: [1, 1],
    kernel_shape: [3, 2],
  }),
  conv("output_shape", [x(1, 2, 3, 3), fixed(2, 2, 3, 3)], {
    strides: [3, 2],
    output_shape: [10, 8],
    output_padding: [1, 1],
  }),
  conv("SAME_UPPER", [x(1, 2, 4, 3), fixed(2, 2, 4, 3)], { strides: [2, 2], auto_pad: "SAME_UPPER" }),
  conv("SAME_LOWER", [x(1, 2, 4, 3), fixed(2, 2, 3, 3)], { strides: [2, 2], auto_pad: "SAME_LOWER" }),
  conv("one spatial axis", [x(2, 3, 5), fixed(3, 2, 4), fixed(2)], { strides: [2], pads: [1, 2] }),
  conv("three spatial axes", [x(1, 3, 2, 3, 3), fixed(3, 2, 2, 3, 2), fixed(2)], {
    strides: [2, 1, 2],
    pads: [0, 1, 0, 1, 0, 0],
  }),
  conv("a computed weight", [x(1, 2, 3, 3), x(2, 2, 2, 2)]),
];
