import type { Attribute } from "../onnx-file.js";
import { type Sample, x } from "./sample.js";

const pool = (
  op: string,
  about: string,
  attributes: Record<string, Attribute>,
  more: Partial<Sample> = {},
): Sample => ({
  op,
  about,
  inputs: [x(2, 3, 7, 6)],
  attributes: { kernel_shape: [3, 2], ...attributes },
  ...more,
});

/** Samples for both kinds of pool. */
const both = (op: string): Sample[] => [
  pool(op, "stride 1", {}),
  pool(op, "strides and pads", { strides: [2, 2], pads: [1, 0, 1, 1] }),
  pool(op, "uneven pads", { strides: [2, 1], pads: [0, 1, 2, 0] }),
  pool(op, "SAME_UPPER", { auto_pad: "SAME_UPPER", strides: [2, 2] }),
  pool(op, "SAME_LOWER", { auto_pad: "SAME_LOWER", strides: [2, 2] }),
  pool(op, "VALID", { auto_pad: "VALID", strides: [2, 2] }),
  pool(op, "ceil_mode", { ceil_mode: 1, strides: [3, 4] }, { from: 10 }),
  pool(
    op,
    "ceil_mode with pads",
    { ceil_mode: 1, strides: [2, 2], pads: [1, 1, 1, 1], kernel_shape: [2, 2] },
    { from: 10 },
  ),
  pool(op, "one spatial axis", { kernel_shape: [3], strides: [2], pads: [1, 1] }, { inputs: [x(2, 3, 8)] }),
];

export const pooling: readonly Sample[] = [
  ...both("MaxPool"),
  ...both("AveragePool"),
  pool("MaxPool", "storage_order", { storage_order: 1 }, { from: 8 }),
  pool("MaxPool", "Indices declared", {}, { from: 8, outputs: 2, compared: 1 }),
  pool("MaxPool", "dilations", { dilations: [2, 3] }, { from: 10 }),
  pool("AveragePool", "counted padding", { count_include_pad: 1, strides: [2, 2], pads: [1, 1, 1, 1] }),
  pool(
    "AveragePool",
    "counted padding and ceil_mode",
    { count_include_pad: 1, ceil_mode: 1, strides: [2, 3], pads: [1, 0, 1, 1], kernel_shape: [2, 2] },
    { from: 19 },
  ),
  pool("AveragePool", "dilations", { dilations: [2, 2] }, { from: 19 }),
  { op: "GlobalAveragePool", about: "two axes", inputs: [x(2, 3, 5, 4)] },
  { op: "GlobalAveragePool", about: "one axis", inputs: [x(2, 3, 5)] },
  { op: "GlobalAveragePool", about: "three axes", inputs: [x(2, 3, 5, 2, 2)] },
];
