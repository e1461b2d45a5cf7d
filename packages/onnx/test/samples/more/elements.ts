import { ints, type Sample, type SampleInput, typed, x } from "../sample.js";

const at = (values: readonly number[], shape?: readonly number[]): SampleInput => typed("i64", values, shape);
const scatters = (from: number, reduction: string): Sample[] => [
  {
    op: "ScatterElements",
    about: `floats, ${reduction}`,
    from,
    inputs: [x(3, 4), at([1, 0, 2, 1], [2, 2]), x(2, 2)],
    attributes: { reduction },
  },
  {
    op: "ScatterElements",
    about: `int64, ${reduction}`,
    from,
    inputs: [at([1, 2, 3, 4]), at([1, 1, -1]), at([5, 6, 7])],
    attributes: { reduction },
  },
  {
    op: "ScatterND",
    about: `slices, ${reduction}`,
    from,
    inputs: [x(4, 3), at([2, 0, 2], [3, 1]), x(3, 3)],
    attributes: { reduction },
  },
  {
    op: "ScatterND",
    about: `int32 elements, ${reduction}`,
    from,
    inputs: [typed("i32", [1, 2, 3, 4], [2, 2]), at([1, 0, 1, 0], [2, 2]), typed("i32", [5, 6])],
    attributes: { reduction },
  },
];

export const elements: readonly Sample[] = [
  { op: "GatherElements", about: "rows", from: 11, inputs: [x(3, 2), at([1, 0, 2, -1], [2, 2])] },
  {
    op: "GatherElements",
    about: "columns",
    from: 11,
    inputs: [x(2, 3), at([2, 0, 0, 1], [2, 2])],
    attributes: { axis: 1 },
  },
  { op: "GatherElements", about: "int64", from: 11, inputs: [at([5, 6, 7]), at([2, 0])] },
  { op: "GatherND", about: "elements", from: 11, inputs: [x(2, 3), at([0, 1, 1, 2], [2, 2])] },
  { op: "GatherND", about: "slices", from: 11, inputs: [x(2, 3, 2), at([1, 0], [2, 1])] },
  {
    op: "GatherND",
    about: "batch axes",
    from: 12,
    inputs: [x(2, 3, 2), at([1, 0], [2, 1])],
    attributes: { batch_dims: 1 },
  },
  { op: "GatherND", about: "int64", from: 11, inputs: [at([5, 6, 7, 8], [2, 2]), at([1, 0], [1, 2])] },
  { op: "Scatter", about: "rows", from: 9, to: 10, inputs: [x(3, 3), at([1, 0, 2, 0, 2, 1], [2, 3]), x(2, 3)] },
  { op: "Scatter", about: "int64", from: 9, to: 10, inputs: [at([1, 2, 3]), at([2, 0]), at([8, 9])] },
  {
    op: "ScatterElements",
    about: "columns",
    from: 11,
    inputs: [x(2, 4), at([3, 0], [2, 1]), x(2, 1)],
    attributes: { axis: 1 },
  },
  { op: "ScatterND", about: "slices", from: 11, inputs: [x(4, 3), at([2, 0], [2, 1]), x(2, 3)] },
  ...scatters(16, "add"),
  ...scatters(16, "mul"),
  ...scatters(18, "max"),
  ...scatters(18, "min"),
  {
    op: "TensorScatter",
    about: "linear",
    from: 24,
    inputs: [typed("f32", [1, 2, 3, 4, 5, 6, 7, 8], [2, 2, 2]), typed("f32", [10, 20, 30, 40], [2, 1, 2]), ints(1, 0)],
    expected: [typed("f32", [1, 2, 10, 20, 30, 40, 7, 8], [2, 2, 2])],
  },
  {
    op: "TensorScatter",
    about: "int64, circular",
    from: 24,
    inputs: [at([1, 2, 3], [1, 3]), at([8, 9], [1, 2]), ints(2)],
    attributes: { axis: 1, mode: "circular" },
    expected: [at([9, 2, 8], [1, 3])],
  },
];
