import { type Sample, x } from "./sample.js";

const both = (op: string): Sample[] => [
  { op, about: "default axis", inputs: [x(3, 5)] },
  { op, about: "default axis, rank 3", inputs: [x(2, 3, 4)] },
  { op, about: "the axis before the last", inputs: [x(2, 3, 4)], attributes: { axis: 1 } },
  { op, about: "the last axis", inputs: [x(2, 3, 4)], attributes: { axis: 2 } },
  { op, about: "an axis from the end", from: 11, inputs: [x(2, 3, 4)], attributes: { axis: -2 } },
];

export const softmax: readonly Sample[] = [...["Softmax", "LogSoftmax"].flatMap(both)];
