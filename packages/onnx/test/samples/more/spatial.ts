import type { Attribute } from "../../onnx-file.js";
import { fixed, type Sample, typed, x } from "../sample.js";

const sample = (
  op: string,
  about: string,
  inputs: Sample["inputs"],
  attributes: Record<string, Attribute>,
  more: Partial<Sample> = {},
): Sample => ({ op, about, inputs, attributes, ...more });

const volume = { kernel_shape: [2, 3, 2], strides: [1, 2, 1], pads: [1, 0, 1, 0, 1, 1] };

export const spatial: readonly Sample[] = [
  sample("Conv", "three spatial axes", [x(2, 4, 4, 5, 4), fixed(6, 2, 2, 3, 2), fixed(6)], {
    ...volume,
    dilations: [1, 1, 2],
    group: 2,
  }),
  sample("MaxPool", "three spatial axes", [x(2, 2, 4, 5, 4)], volume),
  sample(
    "MaxPool",
    "positions",
    [x(2, 3, 5, 6)],
    { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] },
    { from: 8, outputs: 2 },
  ),
  sample(
    "MaxPool",
    "positions by columns",
    [x(2, 3, 5, 6)],
    { kernel_shape: [2, 2], storage_order: 1 },
    { from: 8, outputs: 2 },
  ),
  sample(
    "MaxPool",
    "bytes",
    [
      typed(
        "u8",
        Array.from({ length: 24 }, (_, i) => (i * 37) % 256),
        [1, 1, 4, 6],
      ),
    ],
    { kernel_shape: [2, 2] },
    { from: 12 },
  ),
  sample("AveragePool", "three spatial axes", [x(2, 2, 4, 5, 4)], { ...volume, count_include_pad: 1 }),
  sample("LpPool", "p 2", [x(2, 3, 5, 6)], { kernel_shape: [3, 2], strides: [2, 1], pads: [1, 0, 1, 1] }),
  sample("LpPool", "p 3, one axis", [x(2, 3, 7)], { kernel_shape: [3], p: 3 }),
  sample("LpPool", "dilations", [x(2, 3, 7, 6)], { kernel_shape: [3, 2], p: 1, dilations: [2, 1] }, { from: 18 }),
  sample("LpPool", "ceil_mode", [x(2, 3, 8)], { kernel_shape: [3], strides: [2], ceil_mode: 1 }, { from: 18 }),
  sample("GlobalMaxPool", "images", [x(2, 3, 4, 5)], {}),
  // The runtime has it up to opset 21.
  sample("GlobalLpPool", "p 2", [x(2, 3, 4, 5)], {}, { to: 21 }),
  sample("GlobalLpPool", "p 1", [x(2, 3, 4)], { p: 1 }, { to: 21 }),
];
