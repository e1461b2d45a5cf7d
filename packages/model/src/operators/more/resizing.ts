import * as ops from "@neft/tensor";
import { flag, ints, real, reals, text } from "../../attribute-kinds.js";
import type { HostArray, HostData } from "../../host-array.js";
import { gatherElements } from "../../integers.js";
import { type Adaptor, defineAdaptor, defineOperator } from "../operator.js";
import { resized } from "../scaling.js";
import { failMixed, firstInputPosition } from "../tracks.js";
import { asResize, plansOf, type ResizeValues, resizedShape, resizes } from "./resize-plan.js";

const mode = text(["nearest", "linear", "cubic"], { default: "nearest" });
const upsampleMode = text(["nearest", "linear"], { default: "nearest" });

const attributes = {
  mode,
  coordinate_transformation_mode: text(
    [
      ...(["half_pixel", "half_pixel_symmetric", "pytorch_half_pixel"] as const),
      ...(["align_corners", "asymmetric", "tf_crop_and_resize"] as const),
    ],
    { default: "half_pixel", later: { half_pixel_symmetric: 19 } },
  ),
  nearest_mode: text(["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"], { default: "round_prefer_floor" }),
  cubic_coeff_a: real({ default: -0.75 }),
  exclude_outside: flag(false),
  extrapolation_value: real({ default: 0 }),
  antialias: flag(false, { since: 18 }),
  axes: ints({ since: 18 }),
  keep_aspect_ratio_policy: text(["stretch", "not_larger", "not_smaller"], { default: "stretch", since: 18 }),
  truncates: flag(false, { internal: true }),
} as const;

/** What opsets up to 10 compute. */
const truncating = { coordinate_transformation_mode: "asymmetric", nearest_mode: "floor", truncates: 1 } as const;

const before11: Adaptor = defineAdaptor({
  inputs: [2, 2],
  attributes: { mode: upsampleMode },
  adapt: ({ inputs: [x, scales], attributes: { mode: given } }) => ({
    inputs: [x!, "", scales!],
    attributes: { mode: given, ...truncating },
  }),
});

/** x of an integer type, resized to the nearest elements. */
function nearest(x: HostArray, plans: readonly ops.ResizePlan[]): HostArray {
  return plans
    .flatMap(({ tables }) => tables)
    .reduce((y, { axis, table }) => {
      const data = table.positions;
      return gatherElements(y, { dtype: "i32", shape: [data.length], data }, axis);
    }, x);
}

/** Whether integers can be resized: one element is taken for each. */
const takesIntegers = (values: ResizeValues): boolean =>
  values.mode === "nearest" && values.coordinate_transformation_mode !== "tf_crop_and_resize";

/** Resizes axes by interpolation. Inputs: x, region, scales, sizes; either scales or sizes are given. */
export const resize = defineOperator({
  name: "Resize",
  since: 11,
  inputs: [1, 4],
  inputsSince: { 11: [3, 4], 13: [1, 4] },
  attributes,
  traits: { tail: true, scaling: resized(2, 3) },
  limits: "no tf_half_pixel_for_nn; integers with nearest only, without tf_crop_and_resize",
  older: { 10: before11 },
  expand: (_, { truncates }) => {
    if (truncates)
      throw new Error("Resize: expected one of opset 11 or later, got one of an imported file of opset 10");
    return undefined;
  },
  track: (call) => {
    const position = firstInputPosition(call);
    const { changed } = resizedShape(call, call.attributes);
    return changed.includes(position.axis) ? failMixed() : position;
  },
  infer: ([x], values, call) => {
    if (x.dtype !== "f32" && !takesIntegers(values))
      throw new TypeError(`expected an f32 input for ${values.mode} mode, got ${x.dtype}`);
    return [{ dtype: x.dtype, shape: resizedShape(call, values).shape }];
  },
  run: ([x], values, call) => {
    if (x.dtype === "f32") return [resizes(call, values).reduce((y, one) => ops.resize(y, one), x)];
    const array: HostArray = { dtype: x.dtype, shape: x.shape, data: x.values() as HostData };
    const y = nearest(array, plansOf(call, values));
    return [ops.tensor(y.data, y.shape, y.dtype)];
  },
  // Only sizes are integers; then no input is f32.
  integers: ([x], values, call) => [nearest(x, plansOf(call, values))],
});

/** Resizes axes by factors. Files of opsets below 10 have it. */
export const upsample = defineOperator({
  name: "Upsample",
  since: 9,
  inputs: [2, 2],
  attributes: { mode: upsampleMode },
  traits: { tail: true, scaling: resized(1) },
  older: {
    1: defineAdaptor({
      inputs: [1, 1],
      attributes: {
        mode: upsampleMode,
        height_scale: real({ required: true }),
        width_scale: real({ required: true }),
      },
      adapt: ({ inputs: [x], attributes: { mode: given, height_scale, width_scale }, constant }) => ({
        inputs: [
          x!,
          constant("scales", { dtype: "f32", shape: [4], data: Float32Array.of(1, 1, height_scale, width_scale) }),
        ],
        attributes: { mode: given },
      }),
    }),
    7: defineAdaptor({
      inputs: [1, 1],
      attributes: { mode: upsampleMode, scales: reals({ required: true }) },
      adapt: ({ inputs: [x], attributes: { mode: given, scales }, constant }) => ({
        inputs: [x!, constant("scales", { dtype: "f32", shape: [scales.length], data: Float32Array.from(scales) })],
        attributes: { mode: given },
      }),
    }),
  },
  track: (call) => {
    const position = firstInputPosition(call);
    const { changed } = resizedShape(...asResize(call, call.attributes));
    return changed.includes(position.axis) ? failMixed() : position;
  },
  infer: ([x], values, call) => {
    if (x.dtype !== "f32" && values.mode !== "nearest")
      throw new TypeError(`expected an f32 input for ${values.mode} mode, got ${x.dtype}`);
    return [{ dtype: x.dtype, shape: resizedShape(...asResize(call, values)).shape }];
  },
  run: ([x], values, call) => {
    const [given, resizing] = asResize(call, values);
    if (x.dtype === "f32") return [resizes(given, resizing).reduce((y, one) => ops.resize(y, one), x)];
    const y = nearest({ dtype: x.dtype, shape: x.shape, data: x.values() as HostData }, plansOf(given, resizing));
    return [ops.tensor(y.data, y.shape, y.dtype)];
  },
  integers: null,
});
