import type { Attribute } from "../../onnx-file.js";
import { filled, fixed, ints, type Sample, type SampleInput, typed, x } from "../sample.js";

const grid = (...shape: number[]): SampleInput =>
  filled(
    x(...shape),
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => ((i * 0.37 + 0.013) % 2.6) - 1.3),
  );

const points = (about: string, attributes: Record<string, Attribute>, more: Partial<Sample> = {}): Sample => ({
  op: "GridSample",
  about,
  from: 16,
  inputs: [x(2, 3, 4, 5), grid(2, 3, 2, 2)],
  attributes,
  ...more,
});

const boxes = filled(fixed(3, 4), [0, 0, 5, 6, 1.3, 0.7, 4.2, 3.9, 2, 1, 7.5, 6.3]);
const images: SampleInput = { ...typed("i64", [0, 1, 1]), fixed: true };
const size = { output_height: 3, output_width: 2 };

export const sampling: readonly Sample[] = [
  points("bilinear", { mode: "bilinear" }, { to: 19 }),
  points("bicubic", { mode: "bicubic", padding_mode: "border" }, { to: 19 }),
  points("linear", { mode: "linear", align_corners: 1 }, { from: 20 }),
  points("cubic", { mode: "cubic", padding_mode: "reflection" }, { from: 20 }),
  points("nearest", { mode: "nearest" }),
  points("reflection", { padding_mode: "reflection", align_corners: 1 }),
  points("three axes", {}, { from: 20, inputs: [x(1, 2, 3, 4, 3), grid(1, 2, 3, 2, 3)] }),
  { op: "AffineGrid", about: "images", from: 20, inputs: [x(2, 2, 3), ints(2, 3, 4, 5)] },
  {
    op: "AffineGrid",
    about: "volumes",
    from: 20,
    inputs: [x(1, 3, 4), ints(1, 2, 3, 4, 2)],
    attributes: { align_corners: 1 },
  },
  {
    op: "RoiAlign",
    about: "no half pixels",
    from: 10,
    to: 15,
    inputs: [x(2, 3, 8, 9), boxes, images],
    attributes: size,
  },
  {
    op: "RoiAlign",
    about: "half pixels",
    from: 16,
    // The runtime has it up to opset 21, as MaxRoiPool.
    to: 21,
    inputs: [x(2, 3, 8, 9), boxes, images],
    attributes: { ...size, sampling_ratio: 2 },
  },
  {
    op: "RoiAlign",
    about: "output_half_pixel and scale",
    from: 16,
    to: 21,
    inputs: [x(2, 3, 8, 9), boxes, images],
    attributes: { ...size, coordinate_transformation_mode: "output_half_pixel", spatial_scale: { float: 0.7 } },
  },
  {
    op: "MaxRoiPool",
    about: "a scale",
    to: 21,
    inputs: [x(2, 3, 8, 9), filled(fixed(2, 5), [0, 0, 1, 5, 6, 1, 2, 0, 7, 7])],
    attributes: { pooled_shape: [3, 2], spatial_scale: { float: 0.9 } },
  },
];
