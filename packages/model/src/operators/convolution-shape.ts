import { type Window, windowOf } from "../dimensions.js";
import type { KnownValue } from "../host-array.js";
import type { Flow } from "./traits.js";

type GivenWindow = Parameters<typeof windowOf>[0];

/** A convolution sums over the channels of x and has those of its weight on axis 1. */
export const convolvedFlow = (rank: number): Flow => ({ data: 0, from: 1 - rank, to: 1 - rank, bias: 2 });

/** Attributes of a convolution. */
export interface ConvolutionValues extends GivenWindow {
  readonly kernel_shape?: readonly number[] | undefined;
  readonly group: number;
}

/**
 * Window of a convolution.
 *
 * @param most  Largest number of spatial axes.
 * @throws {RangeError} when x, [N, C, …], and w, [O, C/group, …kernel], don't fit.
 */
export function convolutionWindow(
  x: Pick<KnownValue, "shape">,
  w: Pick<KnownValue, "shape">,
  attributes: ConvolutionValues,
  most: number,
): Window {
  const { group, kernel_shape: given } = attributes;
  const shapes = `[${x.shape.join(", ")}] and [${w.shape.join(", ")}]`;
  const rank = x.shape.length;
  if (rank < 3 || rank > most + 2 || w.shape.length !== rank)
    throw new RangeError(`expected an input and a weight of the same rank, 3 to ${most + 2}, got ${shapes}`);
  if (w.shape[1]! * group !== x.shape[1] || w.shape[0]! % group !== 0)
    throw new RangeError(`expected channels that fit the weight in ${group} groups, got ${shapes}`);
  if (w.shape.includes(0)) throw new RangeError(`expected a weight with elements, got [${w.shape.join(", ")}]`);
  const kernel = w.shape.slice(2);
  if (given !== undefined && given.join() !== kernel.join())
    throw new RangeError(`kernel_shape: expected the weight's [${kernel.join(", ")}], got [${given.join(", ")}]`);
  return windowOf(attributes, x.shape.slice(1), kernel);
}

/** Shape of a convolution's output. @throws {RangeError} as `convolutionWindow`, and for a bias of another shape. */
export function convolutionShape(
  [x, w, bias]: readonly (KnownValue | undefined)[],
  attributes: ConvolutionValues,
  most: number,
): number[] {
  const { output } = convolutionWindow(x!, w!, attributes, most);
  const channels = w!.shape[0]!;
  if (bias !== undefined && bias.shape.join() !== `${channels}`)
    throw new RangeError(`expected a bias [${channels}], got [${bias.shape.join(", ")}]`);
  return [x!.shape[0]!, channels, ...output];
}
