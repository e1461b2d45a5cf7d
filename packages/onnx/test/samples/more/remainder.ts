import { type Sample, typed } from "../sample.js";

export const remainder: readonly Sample[] = [
  {
    op: "Mod",
    about: "floats",
    from: 10,
    inputs: [typed("f32", [5.5, -5.5, 7.25, 2]), typed("f32", [2.5, 2, -3, 1.5])],
    attributes: { fmod: 1 },
  },
  { op: "Mod", about: "int32", from: 10, inputs: [typed("i32", [7, -7, 7, -7]), typed("i32", [3, 3, -3, -3])] },
  {
    op: "Mod",
    about: "int64, as C",
    from: 10,
    inputs: [typed("i64", [7, -7, 7, -7]), typed("i64", [3, 3, -3, -3])],
    attributes: { fmod: 1 },
  },
];
