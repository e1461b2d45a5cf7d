import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { type LinearMapKind, mapOf, withEpilogue } from "../array-product.js";
import { groupMatrices, partsOf } from "./convolution.js";

/** Settings of a deformable convolution. */
export interface DeformableSettings {
  readonly strides: readonly [number, number];
  readonly dilations: readonly [number, number];
  readonly pads: readonly [number, number, number, number];
  readonly groups: number;
  readonly offsetGroups: number;
  /** Where each window reads x. */
  readonly offset: Tensor;
  /** Factors of what it reads. Default: ones. */
  readonly mask: Tensor | undefined;
}

/** x: [N, C, H, W], w: [O, C/groups, KH, KW], bias: [O] → [N, O, OH, OW]. */
const deformableConvolution: LinearMapKind<DeformableSettings> = {
  name: "deformable convolution",
  drawsWeights: true,
  channels: 1,
  compute: ({ x, w, epilogue: { bias, ...rest }, variation }, { offset, mask, ...attributes }) =>
    withEpilogue(ops.deformConv(x, w, offset, bias, mask, { ...attributes, variation }), rest, 1),
  matrices: groupMatrices,
  reads: (x, shape, { offset, mask, groups, strides, pads, dilations, offsetGroups }) => {
    const [outputs, , kh, kw] = shape as [number, number, number, number];
    const columns = ops.deformColumns(x, offset, mask, { kernel: [kh, kw], strides, pads, dilations, offsetGroups });
    const [batch, size, height, width] = columns.shape as [number, number, number, number];
    const windows = ops.transpose(ops.reshape(columns, [batch, size, height * width]), { perm: [0, 2, 1] });
    return {
      vectors: partsOf(ops.reshape(windows, [batch * height * width, size]), 1, groups),
      collect: (results) => {
        const pixels = ops.reshape(ops.concat(results, { axis: 1 }), [batch, height * width, outputs]);
        return ops.reshape(ops.transpose(pixels, { perm: [0, 2, 1] }), [batch, outputs, height, width]);
      },
    };
  },
};

export const deformableConvolutionMap = (settings: DeformableSettings) => mapOf(deformableConvolution, settings);
