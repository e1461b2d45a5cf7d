import type { Attribute } from "../../onnx-file.js";
import { type Sample, type SampleInput, typed, x } from "../sample.js";

const floats = (...values: number[]): SampleInput => ({ shape: [values.length], values, fixed: true });
const sizes = (...values: number[]): SampleInput => ({ ...typed("i64", values), fixed: true });

const resize = (
  about: string,
  attributes: Record<string, Attribute>,
  {
    by,
    to,
    region,
    from = 13,
    ...more
  }: Partial<Omit<Sample, "to">> & { by?: number[]; to?: number[]; region?: number[] },
): Sample => ({
  op: "Resize",
  about,
  from,
  inputs: [x(1, 2, 4, 5), region && floats(...region), by && floats(...by), ...(to ? [sizes(...to)] : [])],
  attributes,
  ...more,
});

const larger = [1, 1, 1.5, 2.2];
const smaller = [1, 1, 0.6, 0.7];

export const resizing: readonly Sample[] = [
  { op: "Resize", about: "nearest of opset 10", from: 10, to: 10, inputs: [x(1, 2, 4, 5), floats(1, 1, 2, 3)] },
  {
    op: "Resize",
    about: "nearest and smaller of opset 10",
    from: 10,
    to: 10,
    inputs: [x(1, 1, 6, 9), floats(1, 1, 0.5, 0.4)],
  },
  {
    op: "Resize",
    about: "linear of opset 10",
    from: 10,
    to: 10,
    inputs: [x(1, 2, 4, 5), floats(1, 1, 2, 3)],
    attributes: { mode: "linear" },
  },
  {
    op: "Resize",
    about: "linear of opset 11",
    from: 11,
    inputs: [x(1, 2, 4, 5), floats(), floats(1, 1, 2, 3)],
    attributes: { mode: "linear" },
  },
  {
    op: "Resize",
    about: "sizes and empty scales",
    from: 11,
    inputs: [x(1, 2, 4, 5), floats(), floats(), sizes(1, 2, 7, 9)],
    attributes: { mode: "linear" },
  },
  ...(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"] as const).map((nearest_mode) =>
    resize(nearest_mode, { nearest_mode }, { by: larger }),
  ),
  ...(["half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric"] as const).flatMap((mode) =>
    (["linear", "cubic"] as const).map((kind) =>
      resize(`${kind} ${mode}`, { mode: kind, coordinate_transformation_mode: mode }, { by: larger }),
    ),
  ),
  resize("smaller", { mode: "linear" }, { by: smaller }),
  resize("excluded outside", { mode: "cubic", exclude_outside: 1, cubic_coeff_a: { float: -0.5 } }, { by: smaller }),
  resize(
    "half_pixel_symmetric",
    { mode: "linear", coordinate_transformation_mode: "half_pixel_symmetric" },
    { by: larger, from: 19 },
  ),
  resize("antialias", { mode: "linear", antialias: 1 }, { by: smaller, from: 18 }),
  resize("axes", { mode: "linear", axes: [2, 3] }, { to: [3, 9], from: 18 }),
  resize(
    "not larger",
    { mode: "linear", axes: [2, 3], keep_aspect_ratio_policy: "not_larger" },
    { to: [6, 11], from: 18 },
  ),
  resize(
    "a region",
    { mode: "linear", coordinate_transformation_mode: "tf_crop_and_resize", extrapolation_value: { float: 9 } },
    { to: [1, 2, 5, 6], region: [0, 0, 0.2, 0.3, 1, 1, 1.2, 0.8] },
  ),
  {
    op: "Resize",
    about: "integers",
    from: 13,
    inputs: [typed("u8", [1, 2, 3, 200], [1, 1, 2, 2]), undefined, floats(1, 1, 2, 3)],
  },
  {
    op: "Upsample",
    about: "nearest of opset 7",
    to: 8,
    inputs: [x(1, 2, 3, 4)],
    attributes: { scales: { floats: [1, 1, 2, 3] } },
  },
  { op: "Upsample", about: "nearest", from: 9, to: 9, inputs: [x(1, 2, 3, 4), floats(1, 1, 2, 1.5)] },
  {
    op: "Upsample",
    about: "linear",
    from: 9,
    to: 9,
    inputs: [x(1, 2, 3, 4), floats(1, 1, 2, 3)],
    attributes: { mode: "linear" },
  },
];
