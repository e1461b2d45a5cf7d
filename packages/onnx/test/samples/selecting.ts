import { DataType } from "../onnx-file.js";
import { ints, type Sample, scalar, typed, x } from "./sample.js";

const far = Number.MAX_SAFE_INTEGER;
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

export const selecting: readonly Sample[] = [
  { op: "Shape", about: "all", inputs: [x(2, 3, 4)] },
  { op: "Shape", about: "a part", from: 15, inputs: [x(2, 3, 4)], attributes: { start: 1, end: -1 } },
  { op: "Shape", about: "past the ends", from: 15, inputs: [x(2, 3, 4)], attributes: { start: -9, end: 9 } },
  { op: "Shape", about: "of int64", inputs: [typed("i64", [1, 2], [1, 2])] },
  { op: "Gather", about: "rows", inputs: [x(4, 3), ints(2, 0, 2)] },
  {
    op: "Gather",
    about: "columns by a matrix of indices",
    inputs: [x(4, 3), typed("i64", [0, 2, 1, 1], [2, 2])],
    attributes: { axis: 1 },
  },
  { op: "Gather", about: "one row", inputs: [x(4, 3), typed("i64", [1], [])] },
  { op: "Gather", about: "from the end", from: 11, inputs: [x(4, 3), ints(-1, 0)], attributes: { axis: -1 } },
  { op: "Gather", about: "int64 by int32", inputs: [typed("i64", [5, 6, 7]), typed("i32", [2, 0])] },
  { op: "Slice", about: "attributes", to: 9, inputs: [x(4, 5)], attributes: { starts: [1, 0], ends: [3, -1] } },
  {
    op: "Slice",
    about: "axes as attribute",
    to: 9,
    inputs: [x(4, 5)],
    attributes: { starts: [1], ends: [1000], axes: [1] },
  },
  { op: "Slice", about: "inputs", from: 10, inputs: [x(4, 5), ints(1, 0), ints(3, -1)] },
  { op: "Slice", about: "steps", from: 10, inputs: [x(4, 5), ints(0), ints(far), ints(1), ints(2)] },
  { op: "Slice", about: "backward", from: 10, inputs: [x(4, 5), ints(-1, 3), ints(-far, 0), ints(0, 1), ints(-1, -2)] },
  { op: "Slice", about: "int64", from: 10, inputs: [typed("i64", [1, 2, 3, 4]), ints(1), ints(3)] },
  {
    op: "Pad",
    about: "attributes",
    to: 10,
    inputs: [x(2, 3)],
    attributes: { pads: [0, 1, 2, 0], value: { float: 1.5 } },
  },
  {
    op: "Pad",
    about: "edge by attributes",
    to: 10,
    inputs: [x(2, 3)],
    attributes: { pads: [1, 1, 2, 0], mode: "edge" },
  },
  { op: "Pad", about: "inputs", from: 11, inputs: [x(2, 3), ints(0, 1, 2, 0), scalar(-3)] },
  { op: "Pad", about: "no value", from: 11, inputs: [x(1, 2, 3, 3), ints(0, 0, 1, 1, 0, 0, 1, 1)] },
  {
    op: "Pad",
    about: "reflect",
    from: 11,
    inputs: [x(2, 1, 4, 3), ints(0, 0, 2, 1, 0, 0, 1, 2)],
    attributes: { mode: "reflect" },
  },
  { op: "Pad", about: "edge", from: 11, inputs: [x(2, 4), ints(0, 2, 1, 1)], attributes: { mode: "edge" } },
  { op: "Pad", about: "cropping", from: 11, inputs: [x(2, 5), ints(0, -1, 0, -2)] },
  { op: "Pad", about: "cropping and adding", from: 11, inputs: [x(2, 5), ints(1, -1, 0, 2), scalar(7)] },
  { op: "Pad", about: "axes", from: 18, inputs: [x(2, 3, 4), ints(1, 2), scalar(0), ints(-1)] },
  { op: "Pad", about: "wrap", from: 19, inputs: [x(2, 4), ints(0, 2, 0, 1)], attributes: { mode: "wrap" } },
  constant("float tensor", { value: { tensor: { dims: [2n], dataType: DataType.FLOAT, floatData: [1.5, -2] } } }),
  constant("int64 tensor", { value: { tensor: { dims: [2n], dataType: DataType.INT64, int64Data: [5n, -6n] } } }),
  constant("a float", { value_float: { float: 2.5 } }, { from: 12 }),
  constant("floats", { value_floats: { floats: [2.5, 1] } }, { from: 12 }),
  constant("an integer", { value_int: -3 }, { from: 12 }),
  constant("integers", { value_ints: [4, -3] }, { from: 12 }),
];
