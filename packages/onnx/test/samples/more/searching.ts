import { ints, type Sample, type SampleInput, typed, x } from "../sample.js";

const condition = (...values: number[]): SampleInput => ({ ...typed("bool", values), fixed: true });
const mixed = typed("f32", [3, -1, 2, 2, 5, 0, 3, 4, 4, -2, 5, 1], [3, 4]);
const k = ints;
/** Floats that are far from each other. */
const distinct = (rows: number, columns: number): SampleInput =>
  typed(
    "f32",
    Array.from({ length: rows * columns }, (_, i) => ((7 * i) % 17) / 4 - 2),
    [rows, columns],
  );

const extremes = (op: string): Sample[] => [
  { op, about: "first axis", inputs: [mixed] },
  { op, about: "last axis, dropped", inputs: [mixed], attributes: { axis: 1, keepdims: 0 } },
  { op, about: "from the end", from: 11, inputs: [x(2, 3, 4)], attributes: { axis: -2 } },
  { op, about: "last of equal ones", from: 12, inputs: [mixed], attributes: { axis: 1, select_last_index: 1 } },
  { op, about: "int32", from: 12, inputs: [typed("i32", [3, 7, 7, -1])] },
];

export const searching: readonly Sample[] = [
  { op: "NonZero", about: "floats", from: 9, dynamic: true, inputs: [typed("f32", [1, 0, 0, 2, 3, 0], [2, 3])] },
  { op: "NonZero", about: "int64", from: 9, dynamic: true, inputs: [typed("i64", [0, 5, 6])] },
  { op: "Compress", about: "columns", from: 9, inputs: [x(2, 4), condition(1, 0, 1)], attributes: { axis: 1 } },
  { op: "Compress", about: "elements", from: 9, inputs: [x(2, 3), condition(0, 1, 0, 0, 1)] },
  { op: "Compress", about: "int64", from: 9, inputs: [typed("i64", [5, 6, 7]), condition(1, 0, 1)] },
  {
    op: "Unique",
    about: "elements",
    from: 11,
    dynamic: true,
    inputs: [mixed],
    outputs: 4,
    gradient: "equal elements part",
  },
  {
    op: "Unique",
    about: "in order of occurrence",
    from: 11,
    dynamic: true,
    inputs: [typed("i64", [3, 1, 3, 2])],
    attributes: { sorted: 0 },
    outputs: 4,
  },
  {
    op: "Unique",
    about: "rows",
    from: 11,
    dynamic: true,
    inputs: [typed("f32", [1, 2, 0, 1, 1, 2], [3, 2])],
    attributes: { axis: 0 },
    outputs: 4,
    gradient: "equal rows part",
  },
  { op: "TopK", about: "k as attribute", to: 9, inputs: [distinct(3, 5)], attributes: { k: 2 }, outputs: 2 },
  { op: "TopK", about: "k as input", from: 10, inputs: [distinct(5, 3), k(2)], attributes: { axis: 0 }, outputs: 2 },
  { op: "TopK", about: "smallest", from: 11, inputs: [distinct(2, 5), k(3)], attributes: { largest: 0 }, outputs: 2 },
  { op: "TopK", about: "int64", from: 11, inputs: [typed("i64", [3, 9, 5, 9]), k(3)], outputs: 2 },
  ...extremes("ArgMax"),
  ...extremes("ArgMin"),
];
