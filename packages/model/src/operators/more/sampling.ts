import * as ops from "@neft/tensor";
import { flag, int, ints, real, text } from "../../attribute-kinds.js";
import type { KnownValue } from "../../host-array.js";
import { type Adaptor, defineAdaptor, defineOperator, float, integersOf } from "../operator.js";
import { failMixed, type TrackCall } from "../tracks.js";
import { checkShape } from "./vectors.js";

// Images sampled at points or in regions.

/** Samples must be on axis 0 of each of the first inputs that hold them; others hold none. */
const onFirstAxis = (count: number) => (call: TrackCall) => {
  const found = call.positions.flatMap((position, i) => {
    if (position === undefined) return [];
    return i < count && position.axis === 0 ? [position] : failMixed();
  });
  const [first] = found as [(typeof found)[number]];
  return found.every(({ outer, inner }) => outer === first.outer && inner === first.inner) ? first : failMixed();
};

const padding = text(["zeros", "border", "reflection"], { default: "zeros" });

/** Before opset 20, the modes have the names of their two-dimensional forms. */
const planes: Adaptor = defineAdaptor({
  inputs: [2, 2],
  attributes: {
    align_corners: flag(false),
    mode: text(["bilinear", "nearest", "bicubic"], { default: "bilinear" }),
    padding_mode: padding,
  },
  adapt: ({ attributes: { mode, ...rest } }) => ({
    attributes: { ...rest, mode: mode === "nearest" ? mode : mode.slice(2) },
  }),
});

/** Images at the points of a grid. x: [N, C, …], grid: [N, …, axes]. */
export const gridSample = defineOperator({
  name: "GridSample",
  since: 20,
  inputs: [2, 2],
  attributes: {
    align_corners: flag(false),
    mode: text(["linear", "nearest", "cubic"], { default: "linear" }),
    padding_mode: padding,
  },
  traits: {},
  older: { 16: planes },
  track: onFirstAxis(2),
  infer: ([x, grid]) => {
    const axes = float(x).shape.length - 2;
    const { shape } = float(grid, 1);
    if (axes < 1 || shape.length !== axes + 2 || shape[0] !== x.shape[0] || shape.at(-1) !== axes)
      throw new RangeError(
        `expected an input [N, C, …] and a grid [N, …, ${axes}], got [${x.shape.join(", ")}] and [${shape.join(", ")}]`,
      );
    return [{ dtype: "f32", shape: [...x.shape.slice(0, 2), ...shape.slice(1, -1)] }];
  },
  run: ([x, grid], { align_corners: alignCorners, mode, padding_mode }) => [
    ops.gridSample(x, grid, { mode, padding: padding_mode, alignCorners }),
  ],
  integers: null,
});

/** The grid of an affine map for images of a size. theta: [N, 2, 3] or [N, 3, 4]. */
export const affineGrid = defineOperator({
  name: "AffineGrid",
  since: 20,
  inputs: [2, 2],
  attributes: { align_corners: flag(false) },
  traits: {},
  track: onFirstAxis(1),
  infer: ([theta], _, call) => {
    const size = integersOf(call, 1)!;
    const axes = size.length - 2;
    if (axes < 2 || axes > 3) throw new RangeError(`expected a size of 4 or 5 axes, got [${size.join(", ")}]`);
    checkShape(theta, 0, [size[0]!, axes, axes + 1]);
    return [{ dtype: "f32", shape: [size[0]!, ...size.slice(2), axes] }];
  },
  run: ([theta], { align_corners: alignCorners }, call) => [
    ops.affineGrid(theta, integersOf(call, 1)!, { alignCorners }),
  ],
  integers: null,
});

/** @throws {RangeError} unless x is [N, C, H, W] and the regions [regions, columns]. */
function checkRegions(x: KnownValue, regions: KnownValue, columns: number): void {
  if (float(x).shape.length !== 4) throw new RangeError(`expected an input of rank 4, got [${x.shape.join(", ")}]`);
  checkShape(regions, 1, [regions.shape[0]!, columns]);
}

const regionAttributes = {
  mode: text(["avg", "max"], { default: "avg" }),
  output_height: int({ default: 1, min: 1 }),
  output_width: int({ default: 1, min: 1 }),
  sampling_ratio: int({ default: 0, min: 0 }),
  spatial_scale: real({ default: 1 }),
};

/** Regions of images by bilinear interpolation. Inputs: x, regions, the image of each. */
export const roiAlign = defineOperator({
  name: "RoiAlign",
  since: 16,
  inputs: [3, 3],
  attributes: {
    ...regionAttributes,
    coordinate_transformation_mode: text(["half_pixel", "output_half_pixel"], { default: "half_pixel" }),
  },
  traits: { cost: (_, { sampling_ratio: ratio }) => Math.max(1, ratio * ratio) },
  older: {
    10: defineAdaptor({
      inputs: [3, 3],
      attributes: regionAttributes,
      adapt: ({ attributes }) => ({
        attributes: { ...attributes, coordinate_transformation_mode: "output_half_pixel" },
      }),
    }),
  },
  track: failMixed,
  infer: ([x, regions], { output_height: height, output_width: width }) => {
    checkRegions(x, regions, 4);
    return [{ dtype: "f32", shape: [regions.shape[0]!, x.shape[1]!, height, width] }];
  },
  run: ([x, regions, images], attributes) => [
    ops.roiAlign(x, regions, images, {
      size: [attributes.output_height, attributes.output_width],
      mode: attributes.mode,
      samplingRatio: attributes.sampling_ratio,
      spatialScale: attributes.spatial_scale,
      halfPixel: attributes.coordinate_transformation_mode === "half_pixel",
    }),
  ],
  integers: null,
});

/** Maximum of each cell of regions of images. Regions: index of the image, x₁, y₁, x₂, y₂. */
export const maxRoiPool = defineOperator({
  name: "MaxRoiPool",
  since: 1,
  inputs: [2, 2],
  attributes: { pooled_shape: ints({ required: true, min: 1 }), spatial_scale: real({ default: 1 }) },
  traits: {},
  track: failMixed,
  infer: ([x, regions], { pooled_shape: size }) => {
    checkRegions(x, regions, 5);
    if (size.length !== 2) throw new RangeError(`pooled_shape: expected two sizes, got [${size.join(", ")}]`);
    return [{ dtype: "f32", shape: [regions.shape[0]!, x.shape[1]!, ...size] }];
  },
  run: ([x, regions], { pooled_shape: size, spatial_scale: spatialScale }) => [
    ops.maxRoiPool(x, regions, { size: size as [number, number], spatialScale }),
  ],
  integers: null,
});
