import { type Sample, scalar, typed, x } from "./sample.js";

/** Float with and without broadcasting, and the integer types shape arithmetic uses. */
const arithmetic = (op: string): Sample[] => [
  { op, about: "same shape", inputs: [x(2, 3), x(2, 3)] },
  { op, about: "broadcast", inputs: [x(2, 3, 1), x(3, 4)] },
  { op, about: "a scalar", inputs: [x(2, 3), scalar(2)] },
  { op, about: "int64", inputs: [typed("i64", [7, -7, 9]), typed("i64", [2, 2, -4])] },
  { op, about: "int32, broadcast", inputs: [typed("i32", [7, -7, 9]), typed("i32", [3], [])] },
];

const activation = (op: string): Sample => ({ op, about: "rank 3", inputs: [x(2, 3, 5)] });

const cast = (about: string, to: number, input: Sample["inputs"][number], more = {}): Sample => ({
  op: "Cast",
  about,
  inputs: [input],
  attributes: { to },
  ...more,
});

export const elementwise: readonly Sample[] = [
  ...["Add", "Sub", "Mul", "Div"].flatMap(arithmetic),
  ...["Relu", "Sigmoid", "Tanh"].map(activation),
  { op: "Identity", about: "float", inputs: [x(2, 3)] },
  { op: "Identity", about: "int64", inputs: [typed("i64", [1, 2])] },
  { op: "LeakyRelu", about: "default slope", inputs: [x(2, 3)] },
  { op: "LeakyRelu", about: "given slope", inputs: [x(2, 3)], attributes: { alpha: { float: 0.2 } } },
  { op: "Clip", about: "no bounds", inputs: [x(3, 4)] },
  {
    op: "Clip",
    about: "bounds as attributes",
    to: 10,
    inputs: [x(3, 4)],
    attributes: { min: { float: -0.5 }, max: { float: 1 } },
  },
  { op: "Clip", about: "one bound as attribute", to: 10, inputs: [x(3, 4)], attributes: { max: { float: 0 } } },
  { op: "Clip", about: "bounds as inputs", from: 11, inputs: [x(3, 4), scalar(-0.5), scalar(1)] },
  { op: "Clip", about: "no lower bound", from: 11, inputs: [x(3, 4), undefined, scalar(0.5)] },
  {
    op: "Clip",
    about: "int64",
    from: 12,
    inputs: [typed("i64", [-5, 0, 5]), typed("i64", [-1], []), typed("i64", [3], [])],
  },
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
];
