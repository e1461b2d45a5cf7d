import { filled, fixed, ints, type Sample, typed, x } from "../sample.js";

export const channels: readonly Sample[] = [
  { op: "LRN", about: "defaults", inputs: [x(2, 5, 3, 4)], attributes: { size: 3 } },
  {
    op: "LRN",
    about: "all attributes",
    inputs: [x(2, 7, 3, 3)],
    attributes: { size: 5, alpha: { float: 0.3 }, beta: { float: 0.5 }, bias: { float: 2 } },
  },
  { op: "Col2Im", about: "no attributes", from: 18, inputs: [x(2, 12, 6), ints(3, 4), ints(2, 2)] },
  {
    op: "Col2Im",
    about: "all attributes",
    from: 18,
    inputs: [x(1, 8, 6), ints(5, 5), ints(2, 2)],
    attributes: { pads: [1, 0, 0, 1], strides: [2, 2], dilations: [2, 1] },
  },
  {
    op: "DeformConv",
    about: "no mask",
    from: 19,
    inputs: [x(1, 2, 4, 5), fixed(3, 2, 2, 2), x(1, 8, 3, 4)],
  },
  {
    op: "DeformConv",
    about: "all inputs and attributes",
    from: 19,
    inputs: [x(2, 4, 5, 5), fixed(4, 2, 2, 2), x(2, 16, 3, 3), fixed(4), x(2, 8, 3, 3)],
    attributes: {
      group: 2,
      offset_group: 2,
      strides: [2, 2],
      pads: [1, 1, 1, 1],
      dilations: [1, 1],
      kernel_shape: [2, 2],
    },
  },
  {
    op: "MaxUnpool",
    about: "inferred shape",
    from: 9,
    inputs: [x(1, 1, 2, 2), typed("i64", [5, 7, 13, 15], [1, 1, 2, 2])],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
  },
  {
    op: "MaxUnpool",
    about: "a shape",
    from: 9,
    inputs: [filled(x(1, 1, 2, 2), [1, 2, 3, 4]), typed("i64", [5, 7, 13, 15], [1, 1, 2, 2]), ints(1, 1, 5, 5)],
    attributes: { kernel_shape: [2, 2], strides: [2, 2] },
    // Positions count in the inferred shape, 4×4; the runtime counts them in the given one.
    expected: [
      filled(x(1, 1, 5, 5), [...[0, 0, 0, 0, 0, 0, 1, 0, 2, 0, 0, 0, 0], ...[0, 0, 0, 3, 0, 4, 0, 0, 0, 0, 0, 0]]),
    ],
  },
];
