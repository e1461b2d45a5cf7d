import { filled, type Sample, scalar, typed, x } from "../sample.js";

const positive = filled(x(2, 3), [0.5, 1.25, 2, 0.75, 3, 1.5]);

export const powers: readonly Sample[] = [
  { op: "Pow", about: "floats", inputs: [positive, filled(x(3), [2, -1.5, 0.5])] },
  { op: "Pow", about: "a square of negatives", inputs: [x(2, 3), scalar(2)] },
  { op: "Pow", about: "int64 exponents", from: 12, inputs: [positive, typed("i64", [3, 2, 0])] },
  { op: "Pow", about: "int32", from: 12, inputs: [typed("i32", [2, -3, 5]), typed("i32", [3, 3, 0])] },
  {
    op: "Pow",
    about: "int64 to floats",
    from: 12,
    inputs: [typed("i64", [2, -3, 5]), filled(x(3), [3, 2, 1])],
    gradient: "the outputs are integers",
  },
];
