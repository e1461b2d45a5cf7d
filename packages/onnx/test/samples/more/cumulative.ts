import { type Sample, typed, x } from "../sample.js";

const axis = (value: number) => ({ ...typed("i64", [value], []), fixed: true });

export const cumulative: readonly Sample[] = [
  { op: "CumSum", about: "rows", from: 11, inputs: [x(3, 4), axis(0)] },
  {
    op: "CumSum",
    about: "exclusive, from the end",
    from: 11,
    inputs: [x(3, 4), axis(-1)],
    attributes: { exclusive: 1, reverse: 1 },
  },
  {
    op: "CumSum",
    about: "int64",
    from: 11,
    inputs: [typed("i64", [1, 2, 3, 4], [2, 2]), axis(1)],
    attributes: { reverse: 1 },
  },
  // onnxruntime has no products.
  {
    op: "CumProd",
    about: "floats",
    from: 26,
    inputs: [typed("f32", [1, 2, 0.5, 3, 4, 2], [2, 3]), axis(1)],
    expected: [typed("f32", [1, 2, 1, 3, 12, 24], [2, 3])],
  },
  {
    op: "CumProd",
    about: "int32, exclusive",
    from: 26,
    inputs: [typed("i32", [2, 3, 4]), axis(0)],
    attributes: { exclusive: 1 },
    expected: [typed("i32", [1, 2, 6])],
  },
];
