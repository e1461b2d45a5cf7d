import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import { type Epilogue, type LinearMapKind, type MapCall, mapOf, type Reads, withEpilogue } from "../array-product.js";
import { planeOf, type Window } from "../dimensions.js";

/** Settings of a convolution. */
export interface ConvolutionSettings {
  readonly window: Window;
  readonly groups: number;
}

/** The parts of an axis that belong to the groups. */
export function partsOf(x: Tensor, axis: number, groups: number): Tensor[] {
  if (groups === 1) return [x];
  const size = x.shape[axis]! / groups;
  return Array.from({ length: groups }, (_, group) =>
    ops.slice(x, { axes: [axis], starts: [group * size], ends: [(group + 1) * size] }),
  );
}

/** Matrices of a weight [outputs, inputs of a group, …kernel]. */
export function groupMatrices(w: Tensor, { groups }: { readonly groups: number }): Tensor[] {
  const rows = ops.reshape(w, [w.shape[0]!, w.size / w.shape[0]!]);
  return partsOf(rows, 0, groups).map((part) => ops.transpose(part, { perm: [1, 0] }));
}

/** Reads of a convolution: one for each sample and pixel; each group of channels is a block. */
function convolutionReads(
  x: Tensor,
  [outputs, perGroup, ...kernel]: readonly number[],
  { window, groups }: ConvolutionSettings,
): Reads {
  const inputs = groups * perGroup! * ops.sizeOf(kernel);
  const windows = ops.reshape(ops.unfold(x, window), [x.shape[0]! * ops.sizeOf(window.output), inputs]);
  return { vectors: partsOf(windows, 1, groups), ...imagesOf(x.shape[0]!, outputs!, window.output) };
}

/** Images from the results of the groups. */
function imagesOf(batch: number, outputs: number, sizes: readonly number[]): Pick<Reads, "collect"> {
  return {
    collect: (results) => {
      const all = results.length === 1 ? results[0]! : ops.concat(results, { axis: 1 });
      const pixels = ops.reshape(all, [batch, ops.sizeOf(sizes), outputs]);
      return ops.reshape(ops.transpose(pixels, { perm: [0, 2, 1] }), [batch, outputs, ...sizes]);
    },
  };
}

/** Operands with a first spatial axis of size 1 where there is one axis only. */
const asPlane = (x: Tensor): Tensor =>
  x.shape.length === 3 ? ops.reshape(x, [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!]) : x;

const attributesOf = ({ window, groups }: ConvolutionSettings, { rectified = false, pooled = false }: Epilogue) => {
  const { strides, dilations, pads } = planeOf(window);
  return { strides, dilations, pads, groups, rectified, pooled };
};

/** The output without the axis that `asPlane` added. */
const asGiven = (y: Tensor, { shape }: Tensor): Tensor =>
  shape.length === 3 ? ops.reshape(y, [y.shape[0]!, y.shape[1]!, y.shape[3]!]) : y;

/** Convolution over one or two axes. x: [N, C, (H,) W], w: [O, C/groups, (KH,) KW], bias: [O] → [N, O, (OH,) OW]. */
const convolution: LinearMapKind<ConvolutionSettings> = {
  name: "convolution",
  drawsWeights: true,
  channels: 1,
  compute: ({ x, w, epilogue, variation }, settings) =>
    asGiven(ops.conv2d(asPlane(x), asPlane(w), epilogue.bias, { variation, ...attributesOf(settings, epilogue) }), x),
  computeEach: ({ x, epilogue }, weights, settings) =>
    ops
      .conv2dEach(asPlane(x), weights.map(asPlane), epilogue.bias, attributesOf(settings, epilogue))
      .map((y) => asGiven(y, x)),
  matrices: groupMatrices,
  reads: convolutionReads,
};

export const convolutionMap = (settings: ConvolutionSettings) => mapOf(convolution, settings);

/** Convolution over three axes. x: [N, C, D, H, W], w: [O, C/groups, KD, KH, KW], bias: [O] → [N, O, OD, OH, OW]. */
const spatialConvolution: LinearMapKind<ConvolutionSettings> = {
  name: "spatial convolution",
  drawsWeights: true,
  channels: 1,
  compute: ({ x, w, epilogue: { bias, ...rest }, variation }: MapCall, { window, groups }) => {
    const { strides, dilations, pads } = window;
    return withEpilogue(ops.conv(x, w, bias, { strides, dilations, pads, groups, variation }), rest, 1);
  },
  matrices: groupMatrices,
  reads: convolutionReads,
};

export const spatialConvolutionMap = (settings: ConvolutionSettings) => mapOf(spatialConvolution, settings);
