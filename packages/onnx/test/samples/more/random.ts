import { type Sample, typed, x } from "../sample.js";

// Draws of other runtimes differ. These samples have one outcome.

const common = { gradient: "draws" } as const;
const normal = { mean: { float: 3 }, scale: { float: 0 } };
const uniform = { low: { float: 2 }, high: { float: 2 } };
const certain = typed("f32", [0, 1, 1, 0], [2, 2]);

export const random: readonly Sample[] = [
  {
    op: "RandomNormal",
    about: "no width",
    inputs: [],
    attributes: { ...normal, shape: [2, 2] },
    expected: [typed("f32", [3, 3, 3, 3], [2, 2])],
  },
  {
    op: "RandomNormalLike",
    about: "no width",
    inputs: [x(2)],
    attributes: normal,
    expected: [typed("f32", [3, 3])],
    ...common,
  },
  {
    op: "RandomUniform",
    about: "no width",
    inputs: [],
    attributes: { ...uniform, shape: [3] },
    expected: [typed("f32", [2, 2, 2])],
  },
  {
    op: "RandomUniformLike",
    about: "no width",
    inputs: [x(2)],
    attributes: uniform,
    expected: [typed("f32", [2, 2])],
    ...common,
  },
  { op: "Bernoulli", about: "certain", from: 15, inputs: [certain], expected: [certain], ...common },
  {
    op: "Bernoulli",
    about: "certain, int64",
    from: 15,
    inputs: [certain],
    attributes: { dtype: 7 },
    expected: [typed("i64", [0, 1, 1, 0], [2, 2])],
    ...common,
  },
  {
    op: "Multinomial",
    about: "certain",
    inputs: [typed("f32", [-1e9, 0, -1e9, 0, -1e9, -1e9], [2, 3])],
    attributes: { sample_size: 2 },
    expected: [typed("i32", [1, 1, 0, 0], [2, 2])],
    ...common,
  },
];
