import type { Attribute } from "../onnx-file.js";
import { filled, fixed, type Sample, x } from "./sample.js";

const variance = filled(fixed(3), [0.5, 1, 2]);

const batchNorm = (about: string, attributes: Record<string, Attribute>, more: Partial<Sample> = {}): Sample => ({
  op: "BatchNormalization",
  about,
  inputs: [x(2, 3, 4, 5), fixed(3), fixed(3), fixed(3), variance],
  attributes,
  ...more,
});

export const normalisation: readonly Sample[] = [
  batchNorm("defaults", {}),
  batchNorm("spatial", { spatial: 1 }, { to: 8 }),
  batchNorm("epsilon and momentum", { epsilon: { float: 0.01 }, momentum: { float: 0.5 } }),
  batchNorm("rank 2", {}, { inputs: [x(4, 3), fixed(3), fixed(3), fixed(3), variance] }),
  batchNorm("rank 3", {}, { inputs: [x(2, 3, 5), fixed(3), fixed(3), fixed(3), variance] }),
  batchNorm("training_mode 0", { training_mode: 0 }, { from: 14 }),
];
