import type { Attribute } from "../onnx-file.js";
import { filled, fixed, type Sample, scalar, typed, x } from "./sample.js";

const variance = filled(fixed(3), [0.5, 1, 2]);

const batchNorm = (about: string, attributes: Record<string, Attribute>, more: Partial<Sample> = {}): Sample => ({
  op: "BatchNormalization",
  about,
  inputs: [x(2, 3, 4, 5), fixed(3), fixed(3), fixed(3), variance],
  attributes,
  ...more,
});

const softmax = (op: string): Sample[] => [
  { op, about: "default axis", inputs: [x(3, 5)] },
  { op, about: "default axis, rank 3", inputs: [x(2, 3, 4)] },
  { op, about: "the axis before the last", inputs: [x(2, 3, 4)], attributes: { axis: 1 } },
  { op, about: "the last axis", inputs: [x(2, 3, 4)], attributes: { axis: 2 } },
  { op, about: "an axis from the end", from: 11, inputs: [x(2, 3, 4)], attributes: { axis: -2 } },
];

export const normalizing: readonly Sample[] = [
  batchNorm("defaults", {}),
  batchNorm("spatial", { spatial: 1 }, { to: 8 }),
  batchNorm("epsilon and momentum", { epsilon: { float: 0.01 }, momentum: { float: 0.5 } }),
  batchNorm("rank 2", {}, { inputs: [x(4, 3), fixed(3), fixed(3), fixed(3), variance] }),
  batchNorm("rank 3", {}, { inputs: [x(2, 3, 5), fixed(3), fixed(3), fixed(3), variance] }),
  batchNorm("training_mode 0", { training_mode: 0 }, { from: 14 }),
  ...["Softmax", "LogSoftmax"].flatMap(softmax),
  { op: "Dropout", about: "defaults", inputs: [x(3, 4)] },
  { op: "Dropout", about: "ratio as attribute", to: 11, inputs: [x(3, 4)], attributes: { ratio: { float: 0.3 } } },
  { op: "Dropout", about: "ratio as input", from: 12, inputs: [x(3, 4), scalar(0.3)], attributes: { seed: 3 } },
  {
    op: "Dropout",
    about: "training_mode false",
    from: 12,
    inputs: [x(3, 4), scalar(0.3), { ...typed("bool", [0], []), fixed: true }],
  },
  { op: "Dropout", about: "mask declared", inputs: [x(3, 4)], outputs: 2 },
];
