import type { Attribute } from "../../onnx-file.js";
import { filled, fixed, type Sample, type SampleInput, scalar, typed, x } from "../sample.js";

const fixedTyped = (dtype: "u8" | "i8" | "i32", values: number[], shape: number[] = [values.length]): SampleInput => ({
  ...typed(dtype, values, shape),
  fixed: true,
});
const scales = (...values: number[]): SampleInput => filled(fixed(values.length), values);

const quantise = (
  about: string,
  from: number,
  inputs: Sample["inputs"],
  attributes: Record<string, Attribute> = {},
  more: Partial<Sample> = {},
): Sample => ({
  op: "QuantizeLinear",
  about,
  from,
  inputs,
  attributes,
  ...more,
});

const dequantise = (
  about: string,
  from: number,
  inputs: Sample["inputs"],
  attributes: Record<string, Attribute> = {},
): Sample => ({
  op: "DequantizeLinear",
  about,
  from,
  inputs,
  attributes,
});

const bytes = Array.from({ length: 24 }, (_, i) => (i * 37) % 256);

export const quantisation: readonly Sample[] = [
  quantise("u8 without a zero point", 10, [x(2, 3, 4), scalar(0.01)]),
  quantise("ties and saturation", 10, [
    filled(x(8), [0.5, 1.5, 2.5, -0.5, 300, -300, 127.5, 254.5]),
    scalar(1),
    fixedTyped("u8", [3], []),
  ]),
  quantise("i8", 10, [x(2, 3, 4), scalar(0.01), fixedTyped("i8", [-4], [])]),
  quantise("an axis", 13, [x(2, 3, 4), scales(0.01, 0.02, 0.005), fixedTyped("u8", [128, 0, 255])]),
  quantise("another axis", 13, [x(2, 3, 4), scales(0.01, 0.02), fixedTyped("i8", [0, 1])], { axis: -3 }),
  quantise(
    "blocks",
    21,
    [x(4, 3), filled(fixed(2, 3), [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]), fixedTyped("u8", [1, 2, 3, 4, 5, 6], [2, 3])],
    {
      axis: 0,
      block_size: 2,
    },
  ),
  quantise("output_dtype", 21, [x(2, 3), scalar(0.01)], { output_dtype: 3 }),
  dequantise("u8", 10, [typed("u8", bytes, [2, 3, 4]), scalar(0.02), fixedTyped("u8", [128], [])]),
  dequantise("i32 without a zero point", 10, [typed("i32", [1, -2, 100000, 2 ** 30]), scalar(0.02)]),
  dequantise("an axis", 13, [
    typed("u8", bytes, [2, 3, 4]),
    scales(0.01, 0.02, 0.005),
    fixedTyped("u8", [128, 0, 255]),
  ]),
  dequantise(
    "blocks",
    21,
    [
      typed(
        "i8",
        bytes.slice(0, 12).map((one) => one - 128),
        [4, 3],
      ),
      filled(fixed(2, 3), [0.01, 0.02, 0.03, 0.04, 0.05, 0.06]),
    ],
    { axis: 0, block_size: 2 },
  ),
  {
    op: "DynamicQuantizeLinear",
    about: "a range",
    from: 11,
    inputs: [x(3, 4)],
    outputs: 3,
    gradient: "piecewise constant, but for the scale",
  },
  {
    op: "DynamicQuantizeLinear",
    about: "positive values",
    from: 11,
    inputs: [filled(x(3), [1, 2, 4])],
    outputs: 3,
    gradient: "piecewise constant, but for the scale",
  },
];
