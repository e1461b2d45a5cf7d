import { type Sample, scalar, typed, x } from "./sample.js";

export const dropout: readonly Sample[] = [
  { op: "Dropout", about: "defaults", inputs: [x(3, 4)] },
  { op: "Dropout", about: "ratio as attribute", to: 11, inputs: [x(3, 4)], attributes: { ratio: { float: 0.3 } } },
  { op: "Dropout", about: "ratio as input", from: 12, inputs: [x(3, 4), scalar(0.3)], attributes: { seed: 3 } },
  {
    op: "Dropout",
    about: "training_mode false",
    from: 12,
    inputs: [x(3, 4), scalar(0.3), { ...typed("bool", [0], []), fixed: true }],
  },
  { op: "Dropout", about: "mask declared", inputs: [x(3, 4)], outputs: 2, compared: 1 },
];
