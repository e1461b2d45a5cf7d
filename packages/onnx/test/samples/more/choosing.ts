import { type Sample, type SampleInput, typed, x } from "../sample.js";

const condition = (values: readonly number[], shape?: readonly number[]): SampleInput => typed("bool", values, shape);

export const choosing: readonly Sample[] = [
  { op: "Where", about: "floats", from: 9, inputs: [condition([1, 0, 0, 1, 1, 0], [2, 3]), x(2, 3), x(2, 3)] },
  { op: "Where", about: "broadcast", from: 9, inputs: [condition([1, 0], [2, 1]), x(3), x(2, 1, 1)] },
  { op: "Where", about: "int64", from: 9, inputs: [condition([1, 0]), typed("i64", [5, 6]), typed("i64", [7], [])] },
];
