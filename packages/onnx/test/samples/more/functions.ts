import { filled, type Sample, type SampleInput, typed, x } from "../sample.js";

const spread = (low: number, high: number): SampleInput =>
  filled(
    x(3, 7),
    Array.from({ length: 21 }, (_, i) => low + ((high - low) * (i + 0.37)) / 21),
  );

const steps = "it is constant between jumps";

/** Functions with the range of their samples. */
const ranges: readonly (readonly [op: string, low: number, high: number, gradient?: string])[] = [
  ["Abs", -3, 3],
  ["Neg", -3, 3],
  ["Sign", -3, 3, steps],
  ["Exp", -3, 3],
  ["Log", 0.1, 5],
  ["Sqrt", 0.1, 5],
  ["Reciprocal", 0.5, 5],
  ["Ceil", -3, 3, steps],
  ["Floor", -3, 3, steps],
  ["Round", -3, 3, steps],
  ["Erf", -3, 3],
  ["Sin", -7, 7],
  ["Cos", -7, 7],
  ["Tan", -1.4, 1.4],
  ["Asin", -0.9, 0.9],
  ["Acos", -0.9, 0.9],
  ["Atan", -5, 5],
  ["Sinh", -3, 3],
  ["Cosh", -3, 3],
  ["Asinh", -5, 5],
  ["Acosh", 1.2, 5],
  ["Atanh", -0.9, 0.9],
];

const { NaN: none, POSITIVE_INFINITY: inf } = Number;

export const functions: readonly Sample[] = [
  ...ranges.map(
    ([op, low, high, gradient]): Sample => ({
      op,
      about: "floats",
      inputs: [spread(low, high)],
      ...(gradient && { gradient }),
    }),
  ),
  { op: "Round", about: "halves", inputs: [filled(x(4), [0.5, 1.5, -2.5, 2.4])], gradient: steps },
  ...["Abs", "Neg", "Sign"].map((op): Sample => ({ op, about: "int64", inputs: [typed("i64", [-5, 0, 7])] })),
  { op: "Abs", about: "int8", from: 9, inputs: [typed("i8", [-5, 0, 7])] },
  { op: "IsNaN", about: "floats", inputs: [filled(x(4), [1, none, inf, -2])], gradient: steps },
  { op: "IsInf", about: "floats", inputs: [filled(x(4), [1, none, inf, -inf])], gradient: steps },
  {
    op: "IsInf",
    about: "positive only",
    inputs: [filled(x(4), [1, none, inf, -inf])],
    attributes: { detect_negative: 0 },
    gradient: steps,
  },
];
