import { ints, type Sample, typed, x } from "../sample.js";

const k = (value: number) => ({ ...typed("i64", [value], []), fixed: true });

export const repeating: readonly Sample[] = [
  { op: "Expand", about: "new axes", from: 8, inputs: [x(3, 1), ints(2, 1, 4)] },
  { op: "Expand", about: "a smaller target", from: 8, inputs: [x(2, 3), ints(1)] },
  { op: "Expand", about: "int64", from: 8, inputs: [typed("i64", [1, 2], [2, 1]), ints(2, 3)] },
  { op: "Tile", about: "both axes", inputs: [x(2, 3), ints(2, 3)] },
  { op: "Tile", about: "int32", inputs: [typed("i32", [1, 2, 3]), ints(2)] },
  { op: "Trilu", about: "upper", from: 14, inputs: [x(2, 3, 4)] },
  { op: "Trilu", about: "lower, above the diagonal", from: 14, inputs: [x(3, 4), k(1)], attributes: { upper: 0 } },
  { op: "Trilu", about: "int64, below", from: 14, inputs: [typed("i64", [1, 2, 3, 4, 5, 6], [3, 2]), k(-1)] },
];
