import type { Attribute } from "../onnx-file.js";
import { fixed, type Sample, x } from "./sample.js";

const conv = (about: string, inputs: Sample["inputs"], attributes: Record<string, Attribute> = {}): Sample => ({
  op: "Conv",
  about,
  inputs,
  attributes,
});

export const convolution: readonly Sample[] = [
  conv("no attributes", [x(2, 3, 6, 5), fixed(4, 3, 3, 3)]),
  conv("all attributes", [x(2, 4, 9, 8), fixed(6, 2, 3, 2), fixed(6)], {
    kernel_shape: [3, 2],
    strides: [2, 1],
    pads: [1, 0, 2, 1],
    dilations: [2, 1],
    group: 2,
  }),
  conv("depthwise", [x(2, 3, 6, 6), fixed(3, 1, 3, 3), fixed(3)], { group: 3, pads: [1, 1, 1, 1] }),
  conv("SAME_UPPER", [x(2, 3, 7, 6), fixed(4, 3, 4, 3)], { auto_pad: "SAME_UPPER", strides: [2, 2] }),
  conv("SAME_LOWER", [x(2, 3, 7, 6), fixed(4, 3, 4, 3)], { auto_pad: "SAME_LOWER", strides: [2, 2] }),
  conv("VALID", [x(2, 3, 7, 6), fixed(4, 3, 3, 3)], { auto_pad: "VALID", strides: [2, 2] }),
  conv("one spatial axis", [x(2, 3, 9), fixed(4, 3, 3), fixed(4)], { pads: [1, 2], strides: [2], dilations: [2] }),
  conv("a computed weight", [x(2, 3, 6, 5), x(4, 3, 3, 3), x(4)]),
];
