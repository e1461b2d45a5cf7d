import { type Sample, typed } from "../sample.js";

export const bitwise: readonly Sample[] = [
  ...["BitwiseAnd", "BitwiseOr", "BitwiseXor"].flatMap((op): Sample[] => [
    { op, about: "int32, broadcast", inputs: [typed("i32", [12, -5, 7, 1], [2, 2]), typed("i32", [10, 3])], from: 18 },
    { op, about: "uint8", inputs: [typed("u8", [12, 255]), typed("u8", [10, 3])], from: 18 },
    { op, about: "int64", inputs: [typed("i64", [2 ** 40 + 5, -1]), typed("i64", [2 ** 40 + 3, 2 ** 50])], from: 18 },
  ]),
  { op: "BitwiseNot", about: "int8", from: 18, inputs: [typed("i8", [0, -1, 127])] },
  { op: "BitwiseNot", about: "uint8", from: 18, inputs: [typed("u8", [0, 255, 12])] },
  ...["LEFT", "RIGHT"].map(
    (direction): Sample => ({
      op: "BitShift",
      about: `uint8, ${direction}`,
      from: 11,
      inputs: [typed("u8", [16, 4, 255, 3]), typed("u8", [1, 2, 3, 7])],
      attributes: { direction },
    }),
  ),
  // onnxruntime reads no bit casts.
  {
    op: "BitCast",
    about: "floats as int32",
    from: 26,
    inputs: [typed("f32", [1, -2, 0])],
    attributes: { to: 6 },
    expected: [typed("i32", [0x3f800000, -1073741824, 0])],
  },
  {
    op: "BitCast",
    about: "int32 as floats",
    from: 26,
    inputs: [typed("i32", [0x3f800000, -1073741824])],
    attributes: { to: 1 },
    expected: [typed("f32", [1, -2])],
  },
  {
    op: "BitCast",
    about: "uint8 as int8",
    from: 26,
    inputs: [typed("u8", [1, 255])],
    attributes: { to: 3 },
    expected: [typed("i8", [1, -1])],
  },
];
