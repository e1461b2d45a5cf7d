import { type Shape, shapeText } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { mul } from "./arithmetic.js";
import { axisTable, mapAxis } from "./axis-table.js";
import { exp, log, scale, shift, square } from "./elementwise.js";
import { reshape, transpose } from "./layout.js";
import { foldAxis } from "./unfold.js";

/** Order of the parts of a channel's index: block rows, block columns, then channels ("DCR"), or channels first ("CRD"). */
export type BlockOrder = "DCR" | "CRD";

/** A rearrangement: reshape to `split`, permute the axes, reshape to `shape`. */
export interface Rearrangement {
  readonly split: Shape;
  readonly perm: readonly number[];
  readonly shape: Shape;
}

/** @throws {RangeError} unless x is [n, c, h, w] and the block size a whole number ≥ 1. */
function checkBlocks(who: string, shape: Shape, block: number): asserts shape is [number, number, number, number] {
  if (shape.length !== 4 || !(Number.isInteger(block) && block >= 1)) {
    throw new RangeError(
      `${who}: expected an input [n, c, h, w] and a block size ≥ 1, got ${shapeText(shape)} and ${block}`,
    );
  }
}

/** The rearrangement of {@link depthToSpace}. @throws {RangeError} unless block² divides the number of channels. */
export function depthToSpacePlan(shape: Shape, block: number, order: BlockOrder = "DCR"): Rearrangement {
  checkBlocks("depthToSpace", shape, block);
  const [n, c, h, w] = shape;
  const depth = c / (block * block);
  if (!Number.isInteger(depth)) {
    throw new RangeError(`depthToSpace: expected channels that are a multiple of ${block * block}, got ${c}`);
  }
  const isFirst = order === "CRD";
  return {
    split: isFirst ? [n, depth, block, block, h, w] : [n, block, block, depth, h, w],
    perm: isFirst ? [0, 1, 4, 2, 5, 3] : [0, 3, 4, 1, 5, 2],
    shape: [n, depth, h * block, w * block],
  };
}

/** The rearrangement of {@link spaceToDepth}. @throws {RangeError} unless the block size divides height and width. */
export function spaceToDepthPlan(shape: Shape, block: number): Rearrangement {
  checkBlocks("spaceToDepth", shape, block);
  const [n, c, h, w] = shape;
  if (h % block !== 0 || w % block !== 0) {
    throw new RangeError(`spaceToDepth: expected height and width that are multiples of ${block}, got ${h} and ${w}`);
  }
  return {
    split: [n, c, h / block, block, w / block, block],
    perm: [0, 3, 5, 1, 2, 4],
    shape: [n, c * block * block, h / block, w / block],
  };
}

const rearrange = (x: Tensor, { split, perm, shape }: Rearrangement): Tensor =>
  reshape(transpose(reshape(x, split), { perm }), shape);

/** Moves blocks of channels to space: [n, c·block², h, w] → [n, c, h·block, w·block]. Default order: "DCR". */
export const depthToSpace = (
  x: Tensor,
  { block, order }: { readonly block: number; readonly order?: BlockOrder },
): Tensor => rearrange(x, depthToSpacePlan(x.shape, block, order));

/** Moves blocks of space to channels: [n, c, h, w] → [n, c·block², h/block, w/block]. */
export const spaceToDepth = (x: Tensor, { block }: { readonly block: number }): Tensor =>
  rearrange(x, spaceToDepthPlan(x.shape, block));

/** Attributes of {@link lrn}. */
export interface LrnAttributes {
  /** Number of channels of the window, centred; for an even number, the longer part is behind. */
  readonly size: number;
  /** Default: 1e-4. */
  readonly alpha?: number;
  /** Default: 0.75. */
  readonly beta?: number;
  /** Default: 1. */
  readonly bias?: number;
}

/**
 * Local response normalisation across channels: y = x/(bias + alpha/size·Σ x²)^beta, with the sum over a window of channels.
 *
 * @param x  [n, c, ..].
 * @throws {RangeError} for fewer than two axes, or a size that isn't a whole number ≥ 1.
 */
export function lrn(x: Tensor, { size, alpha = 1e-4, beta = 0.75, bias = 1 }: LrnAttributes): Tensor {
  if (x.shape.length < 2 || !(Number.isInteger(size) && size >= 1)) {
    throw new RangeError(`lrn: expected an input [n, c, ..] and a size ≥ 1, got ${shapeText(x.shape)} and ${size}`);
  }
  const channels = x.shape[1]!;
  const before = Math.floor((size - 1) / 2);
  const table = axisTable(channels, channels, (c) => {
    const [first, last] = [Math.max(0, c - before), Math.min(channels - 1, c - before + size - 1)];
    return Array.from({ length: last - first + 1 }, (_, i) => ({ position: first + i, weight: alpha / size }));
  });
  const sums = mapAxis(square(x), 1, table);
  return mul(x, exp(scale(log(shift(sums, bias)), -beta)));
}

/** Attributes of {@link col2im}; lists have one number per spatial axis. */
export interface Col2ImAttributes {
  /** Sizes of the image. */
  readonly image: readonly number[];
  /** Sizes of a block. */
  readonly block: readonly number[];
  /** Default: 1. */
  readonly dilations?: readonly number[];
  /** Default: 0. */
  readonly pads?: readonly number[];
  /** Default: 1. */
  readonly strides?: readonly number[];
}

/**
 * Adds columns of blocks to their places in an image: the gradient of taking the windows of a convolution.
 *
 * @param x  [n, c·block size, blocks].
 * @returns [n, c, ..image].
 * @throws {RangeError} when shapes don't match.
 */
export function col2im(x: Tensor, { image, block, dilations, pads, strides }: Col2ImAttributes): Tensor {
  const rank = image.length;
  const windows = image.map((size, i) => ({
    kernel: block[i]!,
    stride: strides?.[i] ?? 1,
    dilation: dilations?.[i] ?? 1,
    before: pads?.[i] ?? 0,
    after: pads?.[rank + i] ?? 0,
    size,
  }));
  const counts = windows.map(({ size, kernel, stride, dilation, before, after }) =>
    Math.floor((size + before + after - dilation * (kernel - 1) - 1) / stride + 1),
  );
  const [n, rows, columns] = x.shape;
  const perChannel = block.reduce((size, dim) => size * dim, 1);
  const channels = rows! / perChannel;
  const isMatching = counts.every((count) => count >= 1) && columns === counts.reduce((size, dim) => size * dim, 1);
  if (x.shape.length !== 3 || block.length !== rank || !Number.isInteger(channels) || !isMatching) {
    throw new RangeError(
      `col2im: expected [n, c·${perChannel}, ${counts.join("·")}] for an image ${shapeText(image)}, got ${shapeText(x.shape)}`,
    );
  }
  const split = reshape(x, [n!, channels, ...block, ...counts]);
  const perm = [0, 1, ...image.flatMap((_, i) => [2 + rank + i, 2 + i])];
  const folded = transpose(split, { perm });
  return windows.reduce((y, { size, ...window }, i) => foldAxis("col2im", y, { axis: 2 + i, ...window }, size), folded);
}
