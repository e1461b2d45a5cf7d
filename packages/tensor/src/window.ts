import { shapeText, sizeOf } from "./shape.js";

/** The window of a convolution or pool along one axis of an image, in pixels. */
export interface WindowAxis {
  /** Input size without padding. */
  readonly size: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  /** Padding before the input. */
  readonly before: number;
  /** Padding after the input. */
  readonly after: number;
}

/** Window attributes as ONNX lists them: one number per axis. */
export interface WindowAttributes {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  /** Padding before each axis, then after each axis. */
  readonly pads: readonly number[];
}

/**
 * Maximum number of elements of a padded image, over all channels: 1 GiB of f32. A model that needs more is corrupt or malicious.
 */
const maxPaddedElements = 2 ** 28;

/** Input size including padding. */
const paddedSize = ({ size, before, after }: WindowAxis): number => size + before + after;

/** Extent of the dilated kernel: distance from its first to its last pixel, plus 1. */
const extentOf = ({ kernel, dilation }: WindowAxis): number => dilation * (kernel - 1) + 1;

/** Lengths and bounds of the lists of {@link WindowAttributes}. */
const lists = [
  { name: "kernel", perAxis: 1, least: 1 },
  { name: "strides", perAxis: 1, least: 1 },
  { name: "pads", perAxis: 2, least: 0 },
  { name: "dilations", perAxis: 1, least: 1 },
] as const;

/**
 * Checks the window of a convolution or pool and splits it by axis. Shape inference and operations both use it.
 *
 * @param who  Prefix of error messages.
 * @param image  Shape of one image: [channels, size of each axis …].
 * @returns one window for each axis.
 * @throws {RangeError} when a list has a wrong length; a number isn't a whole number ≥ 1 (pads: ≥ 0); the window is larger than the
 *   padded input; or the padded image has more than 2²⁸ elements.
 */
export function windowAxes(who: string, image: readonly number[], numbers: WindowAttributes): WindowAxis[] {
  const [channels = 1, ...sizes] = image;
  const rank = sizes.length;
  for (const { name, perAxis, least } of lists) {
    const [values, count] = [numbers[name], perAxis * rank];
    if (values.length !== count || !values.every((value) => Number.isSafeInteger(value) && value >= least)) {
      throw new RangeError(`${who}${name}: expected ${count} whole numbers ≥ ${least}, got ${shapeText(values)}`);
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
    if (extentOf(axis) > paddedSize(axis)) {
      throw new RangeError(
        `${who}expected a padded input at least as large as the window of ${extentOf(axis)}, got size ${axis.size} with pads ${axis.before} and ${axis.after}`,
      );
    }
  }
  const padded = [channels, ...axes.map(paddedSize)];
  if (sizeOf(padded) > maxPaddedElements) {
    throw new RangeError(
      `${who}pads: expected a padded image of at most ${maxPaddedElements} elements, got ${shapeText(padded)}`,
    );
  }
  return axes;
}

/**
 * Checks that no window of a pool covers padding only: such a window has no maximum and no mean.
 *
 * @param who  Prefix of the error message.
 * @throws {RangeError} when a pad is at least the extent of the window, or a dilated window steps over the whole image.
 */
export function checkPoolPads(who: string, axes: readonly WindowAxis[]): void {
  for (const axis of axes) {
    if (Math.max(axis.before, axis.after) >= extentOf(axis)) {
      throw new RangeError(
        `${who}pads: expected less padding than the window's ${extentOf(axis)}, got ${axis.before} and ${axis.after}`,
      );
    }
    if (skipsImage(axis)) {
      throw new RangeError(
        `${who}dilations: expected windows that read the image, got one of which all elements are padding (size ${axis.size}, dilation ${axis.dilation}, pads ${axis.before} and ${axis.after})`,
      );
    }
  }
}

/** Whether some window reads padding only. Only a dilation above the image's size can step over the whole image. */
function skipsImage(axis: WindowAxis): boolean {
  const { size, kernel, stride, dilation, before, after } = axis;
  if (kernel === 1 || dilation <= size || before + after === 0) return false;
  const last = paddedSize(axis) - extentOf(axis) - before;
  for (let start = -before; start <= last; start += stride) {
    const first = Math.max(0, Math.ceil(-start / dilation));
    if (first >= kernel || start + first * dilation >= size) return true;
  }
  return false;
}

/**
 * Output size along an axis: the number of window positions.
 *
 * @param ceilMode  Also count a last window that extends past the padded input, if it starts before the trailing padding.
 *   Default: false.
 */
export function outputSize(axis: WindowAxis, ceilMode = false): number {
  const { size, before, stride } = axis;
  const room = paddedSize(axis) - extentOf(axis);
  if (!ceilMode) return Math.floor(room / stride) + 1;
  const count = Math.ceil(room / stride) + 1;
  return (count - 1) * stride >= size + before ? count - 1 : count;
}

/**
 * Reduces stride and dilation to 32 bits without changing the window positions: any stride from the padded size on gives one position,
 * and the dilation of a kernel of size 1 has no effect.
 */
export function clampWindow(axis: WindowAxis): WindowAxis {
  return {
    ...axis,
    stride: Math.min(axis.stride, Math.max(1, paddedSize(axis))),
    dilation: axis.kernel === 1 ? 1 : axis.dilation,
  };
}
