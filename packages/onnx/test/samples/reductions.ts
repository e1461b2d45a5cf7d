import { ints, type Sample, x } from "./sample.js";

export const reductions: readonly Sample[] = [
  { op: "ReduceMean", about: "all axes", inputs: [x(2, 3, 4)] },
  { op: "ReduceMean", about: "no axis kept", inputs: [x(2, 3, 4)], attributes: { keepdims: 0 } },
  {
    op: "ReduceMean",
    about: "axes as attribute",
    to: 17,
    inputs: [x(2, 3, 4, 5)],
    attributes: { axes: [2, 3], keepdims: 0 },
  },
  {
    op: "ReduceMean",
    about: "an axis from the end",
    from: 11,
    to: 17,
    inputs: [x(2, 3, 4)],
    attributes: { axes: [-1] },
  },
  {
    op: "ReduceMean",
    about: "axes as input",
    from: 18,
    inputs: [x(2, 3, 4, 5), ints(-1, -2)],
    attributes: { keepdims: 0 },
  },
  { op: "ReduceMean", about: "nothing to do", from: 18, inputs: [x(2, 3)], attributes: { noop_with_empty_axes: 1 } },
];
