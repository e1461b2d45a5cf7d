import { f32 } from "@neft/kernels";
import { type BackwardContext, defineOp } from "../operation.js";
import { shapeText, sizeOf } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";
import { conv2d } from "./convolution.js";
import { checkedSize } from "./element-positions.js";
import { reshape } from "./layout.js";
import { Neighbours } from "./neighbours.js";
import type { Variation } from "./variation.js";

/** Attributes of {@link deformConv}. */
export interface DeformConvAttributes {
  /** [vertical, horizontal]. Default: [1, 1]. */
  readonly strides?: readonly [number, number];
  /** [top, left, bottom, right]. Default: [0, 0, 0, 0]. */
  readonly pads?: readonly [number, number, number, number];
  /** [vertical, horizontal]. Default: [1, 1]. */
  readonly dilations?: readonly [number, number];
  /** Default: 1. */
  readonly groups?: number;
  /** Number of groups of input channels with offsets of their own. Default: 1. */
  readonly offsetGroups?: number;
  /** Variation of the weight. Default: none. */
  readonly variation?: Variation | undefined;
}

/** Attributes of {@link deformColumns}. */
interface ColumnAttributes {
  readonly kernel: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly dilations: readonly [number, number];
  readonly offsetGroups: number;
}

type Inputs = [x: Tensor, offset: Tensor, mask: Tensor | undefined];

/** A sampled point: where its offset, its mask and its results stand, and the neighbours around it. */
interface Point {
  /** Position of the vertical offset; the horizontal one follows after a plane of the output. */
  readonly offset: number;
  readonly mask: number;
  /** Position of the first channel's first pixel in x. */
  readonly image: number;
  /** Position of the first channel's result. */
  readonly result: number;
}

/** Geometry of the columns. */
function geometry([x, offset]: readonly [Tensor, Tensor, ...unknown[]], { kernel, offsetGroups }: ColumnAttributes) {
  const [n, c, h, w] = x.shape as [number, number, number, number];
  const [height, width] = offset.shape.slice(2) as [number, number];
  return { n, c, h, w, height, width, window: kernel[0] * kernel[1], perGroup: c / offsetGroups };
}

/** Calls `visit` for each sample, offset group, window element and point of the output. */
function eachPoint(
  inputs: Inputs,
  attributes: ColumnAttributes,
  visit: (point: Point, neighbours: Neighbours) => void,
): void {
  const { n, c, h, w, height, width, window, perGroup } = geometry(inputs, attributes);
  const { kernel, strides, pads, dilations, offsetGroups } = attributes;
  const offsets = inputs[1].floats();
  const points = height * width;
  const neighbours = new Neighbours([h, w], { mode: "linear", padding: "zeros", alignCorners: false });
  for (let group = 0; group < n * offsetGroups; group++) {
    const firstChannel = Math.floor(group / offsetGroups) * c + (group % offsetGroups) * perGroup;
    for (let k = 0; k < window; k++) {
      const [row, column] = [
        Math.floor(k / kernel[1]) * dilations[0] - pads[0],
        (k % kernel[1]) * dilations[1] - pads[1],
      ];
      const mask = (group * window + k) * points;
      for (let point = 0; point < points; point++) {
        const [i, j] = [Math.floor(point / width), point % width];
        neighbours.set(0, i * strides[0] + row + offsets[2 * mask + point]!, 1);
        neighbours.set(1, j * strides[1] + column + offsets[2 * mask + points + point]!, 1);
        neighbours.combine();
        const result = (firstChannel * window + k) * points + point;
        visit({ offset: 2 * mask + point, mask: mask + point, image: firstChannel * h * w, result }, neighbours);
      }
    }
  }
}

/** Gradients by x, the offset and the mask, computed together once per node. */
function gradients(
  dy: Tensor,
  { inputs, attributes, once }: BackwardContext<Inputs, ColumnAttributes>,
): readonly Tensor[] {
  return once("gradients", () => {
    const [x, offset, mask] = inputs;
    const { h, w, height, width, window, perGroup } = geometry(inputs, attributes);
    const [dx, doffset, dmask] = [empty(x.shape), empty(offset.shape), mask && empty(mask.shape)];
    const sums = new Float64Array(x.size);
    const [values, from, masks] = [f32(x.ptr, x.size), f32(dy.ptr, dy.size), mask && f32(mask.ptr, mask.size)];
    const [byOffset, byMask] = [f32(doffset.ptr, doffset.size), dmask && f32(dmask.ptr, dmask.size)];
    const [plane, points] = [h * w, height * width];
    eachPoint(inputs, attributes, (point, neighbours) => {
      const factor = masks ? masks[point.mask]! : 1;
      let [down, across, sampled] = [0, 0, 0];
      for (let c = 0; c < perGroup; c++) {
        const [image, gradient] = [point.image + c * plane, from[point.result + c * window * points]!];
        neighbours.addGradient(factor * gradient, sums, image);
        down += factor * gradient * neighbours.value(values, image, neighbours.slopes[0]!);
        across += factor * gradient * neighbours.value(values, image, neighbours.slopes[1]!);
        if (byMask) sampled += gradient * neighbours.value(values, image);
      }
      byOffset[point.offset] = down;
      byOffset[point.offset + points] = across;
      if (byMask) byMask[point.mask] = sampled;
    });
    f32(dx.ptr, dx.size).set(sums);
    return dmask ? [dx, doffset, dmask] : [dx, doffset];
  });
}

/** Samples of x at the shifted elements of each window, times the mask: [n, c·kernel size, h′, w′]. */
export const deformColumns = defineOp<Inputs, ColumnAttributes>({
  name: "deformColumns",
  shape: ([x, offset, mask], attributes) => {
    const { n, c, height, width, window } = geometry([x, offset], attributes);
    const { kernel, strides, pads, dilations, offsetGroups } = attributes;
    const sizes = [0, 1].map((i) => {
      const room = x.shape[2 + i]! + pads[i]! + pads[2 + i]! - dilations[i]! * (kernel[i]! - 1) - 1;
      return Math.floor(room / strides[i]!) + 1;
    });
    const expected = [n, 2 * offsetGroups * window, ...sizes];
    const isMasked = mask === undefined || mask.shape.join() === [n, offsetGroups * window, ...sizes].join();
    if (c % offsetGroups !== 0 || offset.shape.join() !== expected.join() || !isMasked) {
      throw new RangeError(
        `deformConv: expected an offset ${shapeText(expected)} and a mask with half its channels, got ${shapeText(offset.shape)} and ${mask ? shapeText(mask.shape) : "none"}`,
      );
    }
    checkedSize("deformConv", [n, c * window, height, width]);
    return [n, c * window, height, width];
  },
  forward: (inputs, attributes, y) => {
    const [x, , mask] = inputs;
    const { h, w, height, width, window, perGroup } = geometry(inputs, attributes);
    const [values, masks, to] = [f32(x.ptr, x.size), mask && f32(mask.ptr, mask.size), f32(y.ptr, y.size)];
    eachPoint(inputs, attributes, (point, neighbours) => {
      const factor = masks ? masks[point.mask]! : 1;
      for (let c = 0; c < perGroup; c++) {
        to[point.result + c * window * height * width] = factor * neighbours.value(values, point.image + c * h * w);
      }
    });
  },
  vjp: [
    (dy, context) => gradients(dy, context)[0]!,
    (dy, context) => gradients(dy, context)[1]!,
    (dy, context) => gradients(dy, context)[2]!,
  ],
  keeps: [0, 1, 2],
  examples: [
    {
      // The offsets stay below one pixel, on one side of it: bilinear interpolation has kinks at the pixels.
      inputs: [{ shape: [1, 2, 3, 3] }, { shape: [1, 8, 1, 1], values: "separated" }, { shape: [1, 4, 1, 1] }],
      attributes: { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1], offsetGroups: 1 },
    },
    {
      inputs: [{ shape: [1, 2, 2, 3] }, { shape: [1, 4, 2, 1], values: "separated" }, undefined],
      attributes: { kernel: [1, 1], strides: [1, 3], pads: [0, 0, 0, 0], dilations: [1, 1], offsetGroups: 2 },
    },
  ],
});

/**
 * Deformable convolution: each element of a window reads x at a place of its own, shifted by the offset, by bilinear interpolation with
 * zeros outside, times the mask.
 *
 * @param x       [n, c, h, w].
 * @param w       [out, c/groups, kh, kw].
 * @param offset  [n, offsetGroups·kh·kw·2, h′, w′]: vertical and horizontal shift of each window element, in pixels.
 * @param b       [out], or undefined for none.
 * @param mask    [n, offsetGroups·kh·kw, h′, w′], or undefined for ones.
 * @throws {RangeError} when shapes or attributes don't match.
 */
export function deformConv(
  x: Tensor,
  w: Tensor,
  offset: Tensor,
  b: Tensor | undefined,
  mask: Tensor | undefined,
  attributes: DeformConvAttributes = {},
): Tensor {
  const {
    strides = [1, 1],
    pads = [0, 0, 0, 0],
    dilations = [1, 1],
    groups = 1,
    offsetGroups = 1,
    variation,
  } = attributes;
  const counts = [...strides, ...dilations, offsetGroups];
  if (x.shape.length !== 4 || w.shape.length !== 4 || offset.shape.length !== 4 || w.shape.includes(0)) {
    throw new RangeError(
      `deformConv: expected x [n, c, h, w], W [out, c/groups, kh, kw] and offset [n, .., h′, w′], got ${[x, w, offset].map(({ shape }) => shapeText(shape)).join(", ")}`,
    );
  }
  if (!counts.every((v) => Number.isInteger(v) && v >= 1) || !pads.every((v) => Number.isInteger(v) && v >= 0)) {
    throw new RangeError(
      `deformConv: expected strides, dilations and groups ≥ 1 and pads ≥ 0, got ${shapeText(counts)} and ${shapeText(pads)}`,
    );
  }
  const [out, perGroup, kh, kw] = w.shape as [number, number, number, number];
  const columns = deformColumns(x, offset, mask, { kernel: [kh, kw], strides, pads, dilations, offsetGroups });
  return conv2d(columns, reshape(w, [out, perGroup * sizeOf([kh, kw]), 1, 1]), b, { groups, variation });
}
