import { type Sample, scalar, typed, x } from "./sample.js";

/** Floats with and without broadcasting, and the integer types that shape arithmetic uses. */
const both = (op: string): Sample[] => [
  { op, about: "same shape", inputs: [x(2, 3), x(2, 3)] },
  { op, about: "broadcast", inputs: [x(2, 3, 1), x(3, 4)] },
  { op, about: "a scalar", inputs: [x(2, 3), scalar(2)] },
  { op, about: "int64", inputs: [typed("i64", [7, -7, 9]), typed("i64", [2, 2, -4])] },
  { op, about: "int32, broadcast", inputs: [typed("i32", [7, -7, 9]), typed("i32", [3], [])] },
];

const many = (op: string): Sample[] => [
  { op, about: "one input", inputs: [x(2, 3)] },
  { op, about: "three inputs", inputs: [x(2, 3), x(2, 3), x(2, 3)] },
  { op, about: "broadcast", from: 8, inputs: [x(2, 1, 3), x(4, 1)] },
];

export const arithmetic: readonly Sample[] = [
  ...["Add", "Sub", "Mul", "Div"].flatMap(both),
  ...["Sum", "Mean"].flatMap(many),
];
