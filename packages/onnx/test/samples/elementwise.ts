import { type Sample, scalar, typed, x } from "./sample.js";

const activation = (op: string): Sample => ({ op, about: "rank 3", inputs: [x(2, 3, 5)] });

export const elementwise: readonly Sample[] = [
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
];
