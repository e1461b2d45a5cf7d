import { filled, ints, type Sample, typed, x } from "../sample.js";

const positive = filled(
  x(2, 3, 4),
  Array.from({ length: 24 }, (_, i) => 0.3 + ((i * 7) % 24) / 9),
);
const operators = [
  "ReduceSum",
  "ReduceProd",
  "ReduceMax",
  "ReduceMin",
  "ReduceL1",
  "ReduceL2",
  "ReduceSumSquare",
  "ReduceLogSum",
  "ReduceLogSumExp",
];
const firstWithInput = (op: string): number => (op === "ReduceSum" ? 13 : 18);

export const reducing: readonly Sample[] = [
  ...operators.flatMap((op): Sample[] => [
    { op, about: "all axes", inputs: [positive] },
    {
      op,
      about: "axes as attribute",
      to: firstWithInput(op) - 1,
      inputs: [positive],
      attributes: { axes: [0, 2], keepdims: 0 },
    },
    { op, about: "axes as input", from: firstWithInput(op), inputs: [positive, ints(-1)], attributes: { keepdims: 0 } },
    {
      op,
      about: "nothing to do",
      from: firstWithInput(op),
      inputs: [positive],
      attributes: { noop_with_empty_axes: 1 },
    },
  ]),
  ...["ReduceSum", "ReduceProd", "ReduceMax", "ReduceMin", "ReduceL1", "ReduceSumSquare"].map(
    (op): Sample => ({
      op,
      about: "int32",
      from: firstWithInput(op),
      inputs: [typed("i32", [3, -1, 2, 5, -4, 6], [2, 3]), ints(1)],
    }),
  ),
];
