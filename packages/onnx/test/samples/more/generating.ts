import { type Sample, type SampleInput, typed, x } from "../sample.js";

const scalars = (dtype: "i64" | "i32", ...values: number[]): SampleInput[] =>
  values.map((value) => ({ ...typed(dtype, [value], []), fixed: true }));
const depth = (value: number): SampleInput => ({ ...typed("i64", [value], []), fixed: true });

export const generating: readonly Sample[] = [
  { op: "Size", about: "floats", inputs: [x(2, 3)] },
  { op: "Size", about: "int64", inputs: [typed("i64", [1, 2, 3])] },
  { op: "Range", about: "int64", from: 11, inputs: scalars("i64", 2, 11, 3) },
  { op: "Range", about: "int32, backward", from: 11, inputs: scalars("i32", 5, -2, -2) },
  {
    op: "Range",
    about: "floats",
    from: 11,
    dynamic: true,
    inputs: [1, 2.5, 0.5].map((value) => typed("f32", [value], [])),
    gradient: "the numbers are constants",
  },
  // A version that onnxruntime doesn't read.
  {
    op: "Range",
    about: "stash_type",
    from: 27,
    to: 27,
    inputs: scalars("i64", 1, 4, 1),
    expected: [typed("i64", [1, 2, 3])],
  },
  { op: "EyeLike", about: "floats", from: 9, inputs: [x(2, 3)] },
  { op: "EyeLike", about: "int64, above", from: 9, inputs: [x(3, 3)], attributes: { dtype: 7, k: 1 } },
  {
    op: "EyeLike",
    about: "int32, below",
    from: 9,
    inputs: [typed("i32", [1, 2, 3, 4, 5, 6], [3, 2])],
    attributes: { k: -1 },
  },
  { op: "OneHot", about: "floats", from: 9, inputs: [typed("i64", [1, -1, 5]), depth(3), typed("f32", [-1, 2])] },
  {
    op: "OneHot",
    about: "first axis",
    from: 11,
    inputs: [typed("i64", [1, 0, 2, 1], [2, 2]), depth(3), typed("f32", [0, 1])],
    attributes: { axis: 0 },
  },
  { op: "OneHot", about: "int64", from: 9, inputs: [typed("i64", [1, 0]), depth(2), typed("i64", [3, 4])] },
  {
    op: "CastLike",
    about: "int64",
    from: 15,
    inputs: [typed("f32", [1.5, -2.5]), typed("i64", [0])],
    gradient: "integers",
  },
  { op: "CastLike", about: "floats", from: 15, inputs: [typed("i64", [1, 2]), typed("f32", [0])] },
];
