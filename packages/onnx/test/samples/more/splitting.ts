import { ints, type Sample, typed, x } from "../sample.js";

export const splitting: readonly Sample[] = [
  { op: "Split", about: "equal parts", to: 17, inputs: [x(6, 2)], outputs: 3 },
  {
    op: "Split",
    about: "sizes as attribute",
    to: 12,
    inputs: [x(2, 5)],
    attributes: { axis: 1, split: [2, 3] },
    outputs: 2,
  },
  { op: "Split", about: "from the end", from: 11, to: 17, inputs: [x(2, 6)], attributes: { axis: -1 }, outputs: 2 },
  {
    op: "Split",
    about: "sizes as input",
    from: 13,
    inputs: [x(2, 5), ints(1, 4)],
    attributes: { axis: 1 },
    outputs: 2,
  },
  { op: "Split", about: "int64", from: 13, inputs: [typed("i64", [1, 2, 3]), ints(1, 2)], outputs: 2 },
  {
    op: "Split",
    about: "a smaller last part",
    from: 18,
    inputs: [x(7, 2)],
    attributes: { num_outputs: 3 },
    outputs: 3,
  },
];
