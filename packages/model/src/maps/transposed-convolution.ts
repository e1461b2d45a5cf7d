import * as ops from "@neft/tensor";
import { type LinearMapKind, mapOf, withEpilogue } from "../array-product.js";
import { partsOf } from "./convolution.js";

/** Settings of a transposed convolution: its window. */
export interface TransposedSettings {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
}

/** x: [N, C, …], w: [C, O/groups, …kernel], bias: [O] → [N, O, …]. A read: the channels of a pixel; its results: all pixels that it adds to. */
const transposedConvolution: LinearMapKind<TransposedSettings> = {
  name: "transposed convolution",
  drawsWeights: true,
  channels: 1,
  compute: ({ x, w, epilogue: { bias, ...rest }, variation }, settings) =>
    withEpilogue(ops.convTranspose(x, w, bias, { ...settings, variation }), rest, 1),
  matrices: (w, { groups }) => {
    const inputs = w.shape[0]! / groups;
    return partsOf(w, 0, groups).map((part) => ops.reshape(part, [inputs, w.size / w.shape[0]!]));
  },
  reads: (x, shape, settings) => {
    const { groups, strides, dilations, pads } = settings;
    const [batch, channels, ...sizes] = x.shape as [number, number, ...number[]];
    const [, perGroup, ...kernel] = shape as [number, number, ...number[]];
    const pixels = ops.sizeOf(sizes);
    const outputs = perGroup * ops.sizeOf(kernel);
    const image = ops.convTransposeShape(x.shape, shape, settings).slice(2);
    const rows = ops.transpose(ops.reshape(x, [batch, channels, pixels]), { perm: [0, 2, 1] });
    return {
      vectors: partsOf(ops.reshape(rows, [batch * pixels, channels]), 1, groups),
      collect: (results) => {
        const all = ops.reshape(ops.concat(results, { axis: 1 }), [batch, pixels, groups * outputs]);
        return ops.col2im(ops.transpose(all, { perm: [0, 2, 1] }), { image, block: kernel, strides, dilations, pads });
      },
    };
  },
};

export const transposedConvolutionMap = (settings: TransposedSettings) => mapOf(transposedConvolution, settings);
