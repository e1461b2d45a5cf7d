import type { Tensor } from "@neft/tensor";
import * as ops from "@neft/tensor";
import {
  type Epilogue,
  type LinearMapKind,
  type MapCall,
  mapOf,
  type Reads,
  type WordLines,
  withEpilogue,
} from "../array-product.js";
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

/**
 * Some word lines as a convolution of their own: the channels of x that are on them, and weights of these channels for matrices of word
 * lines. Word lines of a channel that aren't among them have zeros.
 */
function channelsOf(
  x: Tensor,
  [, perGroup, ...kernel]: readonly number[],
  { groups }: ConvolutionSettings,
  { from, to }: WordLines,
  matrices: readonly (readonly Tensor[])[],
): { readonly part: Tensor; readonly weights: Tensor[] } {
  const perChannel = ops.sizeOf(kernel);
  const [first, end] = [Math.floor(from / perChannel), Math.ceil(to / perChannel)];
  const isWhole = first === 0 && end === perGroup;
  const ofGroups = isWhole
    ? [x]
    : partsOf(x, 1, groups).map((group) => ops.slice(group, { axes: [1], starts: [first], ends: [end] }));
  const weights = matrices.map((blocks) => {
    const rows = blocks.map((matrix) => {
      const filled = ops.pad(matrix, { pads: [from - first * perChannel, 0, end * perChannel - to, 0] });
      return ops.transpose(filled, { perm: [1, 0] });
    });
    const all = rows.length === 1 ? rows[0]! : ops.concat(rows, { axis: 0 });
    return ops.reshape(all, [all.shape[0]!, end - first, ...kernel]);
  });
  return { part: ofGroups.length === 1 ? ofGroups[0]! : ops.concat(ofGroups, { axis: 1 }), weights };
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

/** Convolutions of one input, without gradients. */
const convolutionEach: NonNullable<LinearMapKind<ConvolutionSettings>["computeEach"]> = (
  { x, epilogue },
  weights,
  settings,
) =>
  ops
    .conv2dEach(asPlane(x), weights.map(asPlane), epilogue.bias, attributesOf(settings, epilogue))
    .map((y) => asGiven(y, x));

/** Convolution over one or two axes. x: [N, C, (H,) W], w: [O, C/groups, (KH,) KW], bias: [O] → [N, O, (OH,) OW]. */
const convolution: LinearMapKind<ConvolutionSettings> = {
  name: "convolution",
  drawsWeights: true,
  channels: 1,
  compute: ({ x, w, epilogue, variation }, settings) =>
    asGiven(ops.conv2d(asPlane(x), asPlane(w), epilogue.bias, { variation, ...attributesOf(settings, epilogue) }), x),
  computeEach: convolutionEach,
  matrices: groupMatrices,
  reads: convolutionReads,
  sums: (x, shape, settings, lines, matrices) => {
    const { part, weights } = channelsOf(x, shape, settings, lines, matrices);
    return convolutionEach({ x: part, epilogue: {} }, weights, settings);
  },
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
  sums: (x, shape, settings, lines, matrices) => {
    const { part, weights } = channelsOf(x, shape, settings, lines, matrices);
    const { strides, dilations, pads } = settings.window;
    return weights.map((w) => ops.conv(part, w, undefined, { strides, dilations, pads, groups: settings.groups }));
  },
};

export const spatialConvolutionMap = (settings: ConvolutionSettings) => mapOf(spatialConvolution, settings);
