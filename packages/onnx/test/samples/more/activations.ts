import { filled, fixed, type Sample, x } from "../sample.js";

const plain = (op: string): Sample => ({ op, about: "defaults", inputs: [x(3, 7)] });
const float = (value: number) => ({ float: value });

export const activations: readonly Sample[] = [
  ...["Elu", "Selu", "Celu", "HardSigmoid", "HardSwish", "Mish", "Gelu", "Softplus"].map(plain),
  ...["Softsign", "ThresholdedRelu", "Shrink"].map(plain),
  { op: "Elu", about: "alpha", inputs: [x(3, 7)], attributes: { alpha: float(0.4) } },
  { op: "Selu", about: "both", inputs: [x(3, 7)], attributes: { alpha: float(1.5), gamma: float(0.9) } },
  { op: "Celu", about: "alpha", inputs: [x(3, 7)], attributes: { alpha: float(0.4) } },
  { op: "HardSigmoid", about: "both", inputs: [x(3, 7)], attributes: { alpha: float(0.3), beta: float(0.4) } },
  { op: "Gelu", about: "by tanh", inputs: [x(3, 7)], attributes: { approximate: "tanh" } },
  { op: "ThresholdedRelu", about: "alpha", inputs: [x(3, 7)], attributes: { alpha: float(0.4) } },
  { op: "Shrink", about: "both", inputs: [x(3, 7)], attributes: { bias: float(0.25), lambd: float(0.75) } },
  {
    op: "Swish",
    about: "defaults",
    inputs: [filled(x(5), [-2, -0.5, 0.25, 1.5, 3])],
    expected: [filled(x(5), [-0.2384058386, -0.1887703389, 0.1405441314, 1.2263617516, 2.8577222824])],
  },
  {
    op: "Swish",
    about: "alpha",
    inputs: [filled(x(5), [-2, -0.5, 0.25, 1.5, 3])],
    attributes: { alpha: float(1.5) },
    expected: [filled(x(5), [-0.0948517472, -0.1604106575, 0.1481666564, 1.356975794, 2.967039108])],
  },
  { op: "PRelu", about: "one slope for each channel", from: 7, inputs: [x(2, 3, 4, 5), fixed(3, 1, 1)] },
  { op: "PRelu", about: "one slope", from: 7, inputs: [x(2, 3), fixed(1)] },
];
