import { shapeText, sizeOf } from "./shape.js";

/** A window that slides along one axis of an image. */
export interface WindowAxis {
  /** Input size. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before and after the input. */
  readonly before: number;
  readonly after: number;
}

/** The numbers of a window as operators list them, one an axis. */
export interface WindowNumbers {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Those before the input on each axis, then those after it. */
  readonly pads: readonly number[];
}

/**
 * Elements of a padded image at most, over all its channels, as kernels lay it out: 1 GiB. A network that asks for more is broken, or
 * made to break what reads it.
 */
const mostPadded = 2 ** 28;

/** Input size with its padding. */
const paddedSize = ({ size, before, after }: WindowAxis): number => size + before + after;

/** Values from the first that a window reads to its last. */
const reachOf = ({ kernel, dilation }: WindowAxis): number => dilation * (kernel - 1) + 1;

/**
 * A window by axes, checked: the one place for convolutions and pools, whoever asks.
 *
 * @param who  Stands before errors.
 * @param image  Sizes of one image: [channels, …one an axis].
 * @throws {RangeError} for another number of numbers, one that isn't whole or too small, a window larger than its padded input, or a
 *   padded image of more than 2²⁸ elements.
 */
export function windowAxes(who: string, image: readonly number[], numbers: WindowNumbers): WindowAxis[] {
  const [channels = 1, ...sizes] = image;
  const rank = sizes.length;
  for (const [name, count, least] of [
    ["kernel", rank, 1],
    ["strides", rank, 1],
    ["pads", 2 * rank, 0],
    ["dilations", rank, 1],
  ] as const) {
    const values = numbers[name];
    if (values.length !== count || !values.every((value) => Number.isSafeInteger(value) && value >= least)) {
      throw new RangeError(`${who}${name}: expected ${count} whole numbers from ${least} on, got ${shapeText(values)}`);
    }
  }
  const { kernel, strides, dilations, pads } = numbers;
  const axes = sizes.map((size, i) => ({
    size,
    kernel: kernel[i]!,
    stride: strides[i]!,
    dilation: dilations[i]!,
    before: pads[i]!,
    after: pads[rank + i]!,
  }));
  for (const axis of axes) {
    if (reachOf(axis) > paddedSize(axis)) {
      throw new RangeError(
        `${who}expected a window of ${reachOf(axis)} that fits, got an input of size ${axis.size} with pads ${axis.before} and ${axis.after}`,
      );
    }
  }
  const padded = axes.map(paddedSize);
  if (sizeOf([channels, ...padded]) > mostPadded) {
    throw new RangeError(
      `${who}pads: expected a padded image of at most ${mostPadded} elements, got ${shapeText([channels, ...padded])}`,
    );
  }
  return axes;
}

/**
 * Throws where a window lies in the padding alone: it has no largest value, and no mean.
 * @throws {RangeError} naming the pads.
 */
export function checkPoolPads(who: string, axes: readonly WindowAxis[]): void {
  for (const axis of axes) {
    if (Math.max(axis.before, axis.after) >= reachOf(axis)) {
      throw new RangeError(
        `${who}pads: expected less padding than the window's ${reachOf(axis)}, got ${axis.before} and ${axis.after}`,
      );
    }
  }
}

/**
 * Number of window positions of an axis.
 * @param ceilMode  A last window that starts inside the input or its leading padding but reaches beyond counts too.
 */
export function outputOf(axis: WindowAxis, ceilMode = false): number {
  const { size, before, stride } = axis;
  const room = paddedSize(axis) - reachOf(axis);
  if (!ceilMode) return Math.floor(room / stride) + 1;
  const count = Math.ceil(room / stride) + 1;
  return (count - 1) * stride >= size + before ? count - 1 : count;
}

/**
 * The same windows in numbers that kernels can take: a stride beyond the padded input leaves one position, and so does the padded size
 * itself; one element has no distance to others.
 */
export function bounded(axis: WindowAxis): WindowAxis {
  return {
    ...axis,
    stride: Math.min(axis.stride, Math.max(1, paddedSize(axis))),
    dilation: axis.kernel === 1 ? 1 : axis.dilation,
  };
}
