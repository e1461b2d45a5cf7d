import { type Sample, typed, x } from "./sample.js";

const cast = (about: string, to: number, input: Sample["inputs"][number], more = {}): Sample => ({
  op: "Cast",
  about,
  inputs: [input],
  attributes: { to },
  ...more,
});

export const casting: readonly Sample[] = [
  cast("float to int64, toward 0", 7, x(3, 4)),
  cast("float to int32", 6, x(3, 4)),
  cast("float to bool", 9, typed("f32", [0, 1, -2])),
  cast("int64 to float", 1, typed("i64", [1, -2, 3])),
  cast("int64 to int32", 6, typed("i64", [1, -2, 3])),
  cast("int64 to bool", 9, typed("i64", [0, -2, 3])),
  cast("bool to float", 1, typed("bool", [0, 1, 1])),
  cast("float to uint8", 2, typed("f32", [0, 1.5, 200])),
  cast("float to int8", 3, typed("f32", [0, -1.5, 100])),
  cast("with saturate", 7, x(2, 3), { from: 19, attributes: { to: 7, saturate: 1 } }),
  cast("int64 beyond uint8", 2, typed("i64", [300, -1, 2 ** 40 + 7])),
  cast("int32 beyond int8", 3, typed("i32", [300, -1, -(2 ** 31)])),
  cast("int64 to the nearest float", 1, typed("i64", [2 ** 40 + 2 ** 16 + 1, 2 ** 40 + 2 ** 16])),
];
