import { type Shape, shapeText } from "../shape.js";
import type { Tensor } from "../tensor.js";
import { add } from "./arithmetic.js";
import { convTranspose2dOp } from "./conv-transpose.js";
import { conv2d } from "./convolution.js";
import { pad } from "./indexing.js";
import { reshape, transpose } from "./layout.js";
import { foldAxis, unfoldAxis } from "./unfold.js";
import type { Variation } from "./variation.js";

/** Attributes of {@link conv}; lists have one number per spatial axis, pads first those before, then those after each axis. */
export interface ConvAttributes {
  /** Default: 1. */
  readonly strides?: readonly number[];
  /** Default: 0. */
  readonly pads?: readonly number[];
  /** Default: 1. */
  readonly dilations?: readonly number[];
  /** Default: 1. */
  readonly groups?: number;
  /** Variation of the weight, in its own element order; for three axes one draw for all samples. Default: none. */
  readonly variation?: Variation | undefined;
}

/** Attributes of {@link convTranspose}. */
export interface ConvTransposeAttributes extends ConvAttributes {
  /** Elements to add behind each axis of the output. Default: 0. */
  readonly outputPadding?: readonly number[];
}

/** Attributes with all defaults filled in, for two axes or three. */
interface Resolved {
  readonly strides: readonly number[];
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  readonly outputPadding: readonly number[];
  readonly groups: number;
  readonly variation: Variation | undefined;
}

/** Number of spatial axes: 1 to 3. @throws {RangeError} when x and W differ in it, or a list has another length. */
function rankOf(who: string, x: Shape, w: Shape, attributes: ConvTransposeAttributes): number {
  const rank = x.length - 2;
  if (!(rank >= 1 && rank <= 3) || w.length !== x.length) {
    throw new RangeError(
      `${who}: expected x [n, c, ..] and W with one to three spatial axes, got ${shapeText(x)} and ${shapeText(w)}`,
    );
  }
  for (const [name, count] of [
    ["strides", rank],
    ["pads", 2 * rank],
    ["dilations", rank],
    ["outputPadding", rank],
  ] as const) {
    const list = attributes[name];
    if (list !== undefined && list.length !== count) {
      throw new RangeError(`${who}: ${name}: expected ${count} numbers, got ${shapeText(list)}`);
    }
  }
  return rank;
}

/** Attributes for `rank` axes with `lead` more axes of size 1 in front. */
function resolve(attributes: ConvTransposeAttributes, rank: number, lead = 0): Resolved {
  const list = (values: readonly number[] | undefined, fallback: number): number[] => [
    ...new Array<number>(lead).fill(fallback),
    ...(values ?? new Array<number>(rank).fill(fallback)),
  ];
  const { strides, pads, dilations, outputPadding, groups = 1, variation } = attributes;
  return {
    strides: list(strides, 1),
    pads: [...list(pads?.slice(0, rank), 0), ...list(pads?.slice(rank), 0)],
    dilations: list(dilations, 1),
    outputPadding: list(outputPadding, 0),
    groups,
    variation,
  };
}

type Two = readonly [number, number];
type Four = readonly [number, number, number, number];

/** Attributes of the 2-D operation along the last two of three axes. */
function lastTwo({ strides, pads, dilations, outputPadding, groups, variation }: Resolved) {
  return {
    strides: strides.slice(-2) as unknown as Two,
    pads: [...pads.slice(pads.length / 2 - 2, pads.length / 2), ...pads.slice(-2)] as unknown as Four,
    dilations: dilations.slice(-2) as unknown as Two,
    outputPadding: outputPadding.slice(-2) as unknown as Two,
    groups,
    variation,
  };
}

/** @throws {RangeError} for a draw per sample: the planes of a sample are separate images there. */
function checkVariation(who: string, variation: Variation | undefined): void {
  if (variation?.perSample) {
    throw new RangeError(`${who}: expected one draw of the variation for three spatial axes, got perSample`);
  }
}

/** The shape with an axis of size 1 before the last one. */
const withHeight = ({ shape }: Tensor): number[] => [shape[0]!, shape[1]!, 1, shape[2]!];

/**
 * Convolution over one, two or three spatial axes, y = x ⋆ (W + ΔW) + b. As usual in neural networks, W isn't flipped.
 *
 * Over three axes, the window's planes are placed side by side as channels, and a 2-D convolution does the rest with W as stored.
 *
 * @param x  [n, c, ..].
 * @param w  W: [out, c/groups, ..].
 * @param b  [out], or undefined for none.
 * @throws {RangeError} when shapes or attributes don't match.
 */
export function conv(x: Tensor, w: Tensor, b: Tensor | undefined, attributes: ConvAttributes = {}): Tensor {
  const rank = rankOf("conv", x.shape, w.shape, attributes);
  const resolved = resolve(attributes, rank, rank === 1 ? 1 : 0);
  if (rank === 2) return conv2d(x, w, b, lastTwo(resolved));
  if (rank === 1) {
    const y = conv2d(reshape(x, withHeight(x)), reshape(w, withHeight(w)), b, lastTwo(resolved));
    return reshape(y, [y.shape[0]!, y.shape[1]!, y.shape[3]!]);
  }
  checkVariation("conv", resolved.variation);
  const [n, c, , h, width] = x.shape as [number, number, number, number, number];
  const [out, perGroup, depth, kh, kw] = w.shape as [number, number, number, number, number];
  const { strides, pads, dilations } = resolved;
  const axis = {
    axis: 2,
    kernel: depth,
    stride: strides[0]!,
    dilation: dilations[0]!,
    before: pads[0]!,
    after: pads[3]!,
  };
  // [n, c, d', kd, h, w] → [n·d', c·kd, h, w]
  const planes = unfoldAxis("conv", x, axis);
  const steps = planes.shape[2]!;
  const images = reshape(transpose(planes, { perm: [0, 2, 1, 3, 4, 5] }), [n * steps, c * depth, h, width]);
  const y = conv2d(images, reshape(w, [out, perGroup * depth, kh, kw]), b, lastTwo(resolved));
  const parts = reshape(y, [n, steps, ...y.shape.slice(1)]);
  return transpose(parts, { perm: [0, 2, 1, 3, 4] });
}

/** Shape of the output of {@link convTranspose}, from those of x and W. @throws {RangeError} as it. */
export function convTransposeShape(x: Shape, w: Shape, attributes: ConvTransposeAttributes = {}): number[] {
  const rank = rankOf("convTranspose", x, w, attributes);
  const { strides, pads, dilations, outputPadding, groups } = resolve(attributes, rank);
  const sizes = x.slice(2).map((size, i) => {
    const extent = dilations[i]! * (w[2 + i]! - 1) + 1;
    return (size - 1) * strides[i]! + extent + outputPadding[i]! - pads[i]! - pads[rank + i]!;
  });
  if (!sizes.every((size) => size >= 1)) {
    throw new RangeError(`convTranspose: expected pads that leave an output, got sizes ${shapeText(sizes)}`);
  }
  return [x[0]!, w[1]! * groups, ...sizes];
}

/**
 * Transposed convolution over one, two or three spatial axes: the gradient of a convolution with W by its input, plus b.
 *
 * @param x  [n, c, ..].
 * @param w  W: [c, out/groups, ..].
 * @param b  [out], or undefined for none.
 * @returns y: [n, out, ..], of size stride·(size − 1) + dilation·(kernel − 1) + 1 + output padding − pads along each axis. Negative pads
 *   enlarge it.
 * @throws {RangeError} when shapes or attributes don't match.
 */
export function convTranspose(
  x: Tensor,
  w: Tensor,
  b: Tensor | undefined,
  attributes: ConvTransposeAttributes = {},
): Tensor {
  const rank = rankOf("convTranspose", x.shape, w.shape, attributes);
  const resolved = resolve(attributes, rank, rank === 1 ? 1 : 0);
  const y = rank === 3 ? transpose3d(x, w, resolved) : transpose2d(x, w, resolved, rank);
  if (b === undefined) return y;
  if (b.shape.length !== 1 || b.size !== y.shape[1]) {
    throw new RangeError(`convTranspose: expected a bias [${y.shape[1]}], got ${shapeText(b.shape)}`);
  }
  return add(y, reshape(b, [b.size, ...y.shape.slice(2).map(() => 1)]));
}

/** Over one or two axes. The kernels take pads ≥ 0 and an output padding below the stride; zeros make up for others. */
function transpose2d(x: Tensor, w: Tensor, resolved: Resolved, rank: number): Tensor {
  const attributes = lastTwo(resolved);
  const { strides, pads, outputPadding } = attributes;
  const [image, weight] = rank === 1 ? [reshape(x, withHeight(x)), reshape(w, withHeight(w))] : [x, w];
  const within = outputPadding.map((size, i) => Math.min(size, strides[i]! - 1)) as unknown as Two;
  const inside = pads.map((size) => Math.max(0, size)) as unknown as Four;
  let y = convTranspose2dOp(image, weight, { ...attributes, pads: inside, outputPadding: within });
  const lead = [0, 1].map((i) => inside[i]! - pads[i]!);
  const rest = [0, 1].map((i) => inside[2 + i]! - pads[2 + i]! + outputPadding[i]! - within[i]!);
  if ([...lead, ...rest].some((size) => size !== 0)) y = pad(y, { pads: [0, 0, ...lead, 0, 0, ...rest] });
  return rank === 1 ? reshape(y, [y.shape[0]!, y.shape[1]!, y.shape[3]!]) : y;
}

/** Over three axes: the window's planes as channels of a 2-D operation, then added at their places along the first axis. */
function transpose3d(x: Tensor, w: Tensor, resolved: Resolved): Tensor {
  checkVariation("convTranspose", resolved.variation);
  const [n, c, steps, h, width] = x.shape as [number, number, number, number, number];
  const [, perGroup, depth, kh, kw] = w.shape as [number, number, number, number, number];
  const { strides, pads, dilations, groups } = resolved;
  const images = reshape(transpose(x, { perm: [0, 2, 1, 3, 4] }), [n * steps, c, h, width]);
  const weight = reshape(w, [c, perGroup * depth, kh, kw]);
  const y = transpose2d(images, weight, resolved, 2);
  const [, , height, across] = y.shape as [number, number, number, number];
  const planes = reshape(y, [n, steps, perGroup * groups, depth, height, across]);
  const size = convTransposeShape(x.shape, w.shape, resolved)[2]!;
  const axis = { axis: 2, kernel: depth, stride: strides[0]!, dilation: dilations[0]!, before: pads[0]!, after: 0 };
  return foldAxis("convTranspose", transpose(planes, { perm: [0, 2, 1, 3, 4, 5] }), axis, size);
}
