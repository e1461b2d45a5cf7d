import { type Sample, type SampleInput, typed, x } from "../sample.js";

const order = (op: string, from: number): Sample[] => [
  { op, about: "floats, broadcast", from: Math.max(from, 7), inputs: [x(2, 3), x(3)] },
  { op, about: "int64", from: Math.max(from, 9), inputs: [typed("i64", [1, 5, 3]), typed("i64", [2, 5, 1])] },
  {
    op,
    about: "int32 and a scalar",
    from: Math.max(from, 9),
    inputs: [typed("i32", [1, 5, -3]), typed("i32", [1], [])],
  },
];

const bools = (values: readonly number[], shape?: readonly number[]): SampleInput => typed("bool", values, shape);

export const comparisons: readonly Sample[] = [
  ...[...order("Greater", 7), ...order("Less", 7), ...order("GreaterOrEqual", 12), ...order("LessOrEqual", 12)],
  { op: "Equal", about: "int64", inputs: [typed("i64", [1, 5, 3]), typed("i64", [2, 5, 3])] },
  { op: "Equal", about: "bool, broadcast", inputs: [bools([1, 0, 0, 1], [2, 2]), bools([1, 0])] },
  { op: "Equal", about: "floats", from: 11, inputs: [typed("f32", [1, 0.5, 2]), typed("f32", [1, 0.25, 2])] },
  ...["And", "Or", "Xor"].map(
    (op): Sample => ({ op, about: "broadcast", inputs: [bools([1, 0, 0, 1], [2, 2]), bools([1, 0])] }),
  ),
  { op: "Not", about: "rank 2", inputs: [bools([1, 0, 0, 1], [2, 2])] },
];
