import { type Sample, type SampleInput, scalar, typed } from "../sample.js";

const bytes = (shape: number[], seed: number): SampleInput =>
  typed(
    "u8",
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (i * 37 + seed) % 256),
    shape,
  );
const signed = (shape: number[], seed: number): SampleInput =>
  typed(
    "i8",
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 53 + seed) % 255) - 127),
    shape,
  );
const one = (dtype: "u8" | "i8", value: number): SampleInput => ({ ...typed(dtype, [value], []), fixed: true });
const fixed = (input: SampleInput): SampleInput => ({ ...input, fixed: true });
const floats = (...values: number[]): SampleInput => ({ shape: [values.length], values, fixed: true });

export const integerProducts: readonly Sample[] = [
  { op: "MatMulInteger", about: "no zero points", from: 10, inputs: [bytes([2, 3], 1), bytes([3, 4], 5)] },
  {
    op: "MatMulInteger",
    about: "zero points, columns and a batch",
    from: 10,
    inputs: [bytes([2, 5, 300], 1), fixed(signed([300, 4], 5)), one("u8", 100), fixed(typed("i8", [1, 0, -3, 4]))],
  },
  {
    op: "ConvInteger",
    about: "pads and a zero point",
    from: 10,
    inputs: [bytes([2, 4, 5, 6], 3), bytes([6, 2, 3, 2], 9), one("u8", 7)],
    attributes: { pads: [1, 0, 2, 1], strides: [2, 1], dilations: [1, 2], group: 2 },
  },
  {
    op: "QLinearMatMul",
    about: "u8",
    from: 10,
    inputs: [
      ...[bytes([2, 4], 3), scalar(0.02), one("u8", 113)],
      ...[bytes([4, 3], 9), scalar(0.01), one("u8", 114)],
      ...[scalar(0.05), one("u8", 118)],
    ],
  },
  {
    op: "QLinearMatMul",
    about: "a scale for each column",
    from: 10,
    inputs: [
      ...[bytes([2, 2, 4], 3), scalar(0.02), one("u8", 113)],
      ...[fixed(signed([4, 3], 9)), floats(0.01, 0.02, 0.005), fixed(typed("i8", [0, 0, 0]))],
      ...[scalar(0.05), one("u8", 118)],
    ],
  },
  {
    op: "QLinearConv",
    about: "a scale for each channel, and a bias",
    from: 10,
    inputs: [
      ...[bytes([1, 4, 5, 6], 3), scalar(0.02), one("u8", 113)],
      ...[fixed(signed([2, 2, 3, 3], 9)), floats(0.01, 0.02), fixed(typed("i8", [0, 0]))],
      ...[scalar(0.3), one("u8", 118), fixed(typed("i32", [500, -3000]))],
    ],
    attributes: { pads: [1, 1, 1, 1], group: 2 },
  },
  {
    op: "QLinearConv",
    about: "u8",
    from: 10,
    inputs: [
      ...[bytes([2, 1, 7, 7], 3), scalar(0.02), one("u8", 113)],
      ...[fixed(bytes([1, 1, 2, 2], 9)), scalar(0.01), one("u8", 255)],
      ...[scalar(0.03), one("u8", 118)],
    ],
    attributes: { strides: [2, 2] },
  },
];
