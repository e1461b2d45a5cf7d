import type { Attribute } from "../../onnx-file.js";
import { fixed, type Sample, typed, x } from "../sample.js";

/** Numbers of gates, and of outputs. */
const cells = { RNN: [1, 2], GRU: [3, 2], LSTM: [4, 3] } as const;

const cell = (
  op: keyof typeof cells,
  about: string,
  { direction = "forward", ...attributes }: Record<string, Attribute>,
  inputs: (directions: number, gates: number) => Sample["inputs"],
): Sample => {
  const [gates, outputs] = cells[op];
  const directions = direction === "bidirectional" ? 2 : 1;
  return {
    op,
    about,
    inputs: inputs(directions, gates),
    attributes: { hidden_size: 4, direction, ...attributes },
    outputs,
  };
};

const plain = (d: number, g: number): Sample["inputs"] => [x(5, 2, 3), fixed(d, 4 * g, 3), fixed(d, 4 * g, 4)];
const full = (d: number, g: number): Sample["inputs"] => [
  ...plain(d, g),
  fixed(d, 8 * g),
  typed("i32", [5, 3]),
  x(d, 2, 4),
  ...(g === 4 ? [x(d, 2, 4), fixed(d, 12)] : []),
];

export const recurrent: readonly Sample[] = (["RNN", "GRU", "LSTM"] as const).flatMap((op) => [
  cell(op, "no bias", {}, plain),
  cell(op, "reverse", { direction: "reverse" }, plain),
  cell(op, "lengths, states and biases", { direction: "bidirectional" }, full),
  {
    ...cell(op, "clip", { clip: { float: 0.3 } }, plain),
    gradient: "many inputs of activations are at a bound, where slopes change",
  },
  cell(
    op,
    "activations",
    {
      activations: {
        strings: { RNN: ["Relu"], GRU: ["HardSigmoid", "Relu"], LSTM: ["HardSigmoid", "Tanh", "Softsign"] }[op],
      },
    },
    plain,
  ),
  ...(op === "GRU" ? [cell(op, "linear_before_reset", { linear_before_reset: 1 }, full)] : []),
  ...(op === "LSTM" ? [cell(op, "input_forget", { input_forget: 1 }, full)] : []),
]);
