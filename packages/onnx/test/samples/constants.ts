import { DataType } from "../onnx-file.js";
import { ints, type Sample, typed, x } from "./sample.js";

const constant = (
  about: string,
  attributes: NonNullable<Sample["attributes"]>,
  more: Partial<Sample> = {},
): Sample => ({
  op: "Constant",
  about,
  inputs: [],
  attributes,
  ...more,
});

export const constants: readonly Sample[] = [
  { op: "Shape", about: "all", inputs: [x(2, 3, 4)] },
  { op: "Shape", about: "a part", from: 15, inputs: [x(2, 3, 4)], attributes: { start: 1, end: -1 } },
  { op: "Shape", about: "past the ends", from: 15, inputs: [x(2, 3, 4)], attributes: { start: -9, end: 9 } },
  { op: "Shape", about: "of int64", inputs: [typed("i64", [1, 2], [1, 2])] },
  { op: "ConstantOfShape", about: "zeros", from: 9, inputs: [ints(2, 3)] },
  {
    op: "ConstantOfShape",
    about: "integers",
    from: 9,
    inputs: [ints(2)],
    attributes: { value: { tensor: { dims: [1n], dataType: DataType.INT64, int64Data: [7n] } } },
  },
  {
    op: "ConstantOfShape",
    about: "floats",
    from: 9,
    inputs: [ints(2)],
    attributes: { value: { tensor: { dims: [1n], dataType: DataType.FLOAT, floatData: [0.5] } } },
  },
  constant("float tensor", { value: { tensor: { dims: [2n], dataType: DataType.FLOAT, floatData: [1.5, -2] } } }),
  constant("int64 tensor", { value: { tensor: { dims: [2n], dataType: DataType.INT64, int64Data: [5n, -6n] } } }),
  constant("a float", { value_float: { float: 2.5 } }, { from: 12 }),
  constant("floats", { value_floats: { floats: [2.5, 1] } }, { from: 12 }),
  constant("an integer", { value_int: -3 }, { from: 12 }),
  constant("integers", { value_ints: [4, -3] }, { from: 12 }),
];
