import type { Attribute } from "../../onnx-file.js";
import { filled, fixed, type Sample, type SampleInput, typed, x } from "../sample.js";

const integer = (value: number): SampleInput => ({ ...typed("i64", [value], []), fixed: true });
const float = (value: number): SampleInput => filled({ shape: [], fixed: true }, [value]);

const sample = (
  op: string,
  about: string,
  inputs: Sample["inputs"],
  attributes: Record<string, Attribute> = {},
  more: Partial<Sample> = {},
): Sample => ({
  op,
  about,
  from: 17,
  inputs,
  attributes,
  ...more,
});

export const signals: readonly Sample[] = [
  sample("DFT", "real signals of opset 17", [x(2, 6, 1)], { axis: 1 }, { to: 19 }),
  sample("DFT", "one-sided of opset 17", [x(2, 3, 6, 1)], { axis: 2, onesided: 1 }, { to: 19 }),
  sample("DFT", "an axis and a length", [x(2, 5, 3, 2), integer(4), integer(1)], {}, { from: 20 }),
  sample("DFT", "inverse", [x(2, 5, 2)], { inverse: 1 }, { from: 20 }),
  sample("STFT", "frames", [x(2, 12, 1), integer(3), undefined, integer(5)], { onesided: 1 }),
  sample("STFT", "a window", [x(1, 12, 1), integer(4), fixed(6)], { onesided: 0 }),
  ...(["HannWindow", "HammingWindow", "BlackmanWindow"] as const).flatMap((op) => [
    sample(op, "periodic", [integer(9)]),
    sample(op, "symmetric", [integer(8)], { periodic: 0 }),
  ]),
  sample("MelWeightMatrix", "bands", [integer(6), integer(32), integer(8000), float(0), float(4000)]),
  { op: "Det", about: "a batch", from: 11, inputs: [x(2, 3, 3)] },
  { op: "Det", about: "a matrix", from: 11, inputs: [x(2, 2)] },
];
