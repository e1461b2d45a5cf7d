import { type Sample, typed, x } from "../sample.js";

export const variadic: readonly Sample[] = ["Max", "Min"].flatMap((op): Sample[] => [
  { op, about: "one input", inputs: [x(2, 3)] },
  { op, about: "three inputs", inputs: [x(2, 3), x(2, 3), x(2, 3)] },
  { op, about: "broadcast", from: 8, inputs: [x(2, 1, 3), x(4, 1)] },
  { op, about: "int32", from: 12, inputs: [typed("i32", [1, 7, -3]), typed("i32", [2, 5, -4])] },
]);
