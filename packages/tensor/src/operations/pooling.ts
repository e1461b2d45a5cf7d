import { wasm } from "@neft/kernels";
import { defineOp, type ExampleInput } from "../operation.js";
import { shapeText } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";
import { checkPoolPads, clampWindow, outputSize, type WindowAxis, windowAxes } from "../window.js";

/** Window of a pool, in pixels. */
export interface PoolAttributes {
  /** [height, width]. */
  readonly kernel: readonly [number, number];
  /** [vertical, horizontal]. Default: [1, 1], as in ONNX. */
  readonly strides?: readonly [number, number];
  /** [top, left, bottom, right]. Default: [0, 0, 0, 0]. */
  readonly pads?: readonly [number, number, number, number];
  /** Also count a last window that extends past the padded input, if it starts before the trailing padding. Default: false. */
  readonly ceilMode?: boolean;
}

/** Attributes of {@link maxPool2d}. */
export interface MaxPoolAttributes extends PoolAttributes {
  /** [vertical, horizontal]. Default: [1, 1]. */
  readonly dilations?: readonly [number, number];
}

/** Attributes of {@link avgPool2d}. */
export interface AveragePoolAttributes extends PoolAttributes {
  /** Count padding in the divisor of the mean. Default: false, as in ONNX. */
  readonly countIncludePad?: boolean;
}

type One = [x: Tensor];

/** The window by axis. @throws {RangeError} when x isn't [n, c, h, w], and as `windowAxes` and `checkPoolPads`. */
function axesOf(who: string, { shape }: Pick<Tensor, "shape">, attributes: MaxPoolAttributes): WindowAxis[] {
  const { kernel, strides = [1, 1], pads = [0, 0, 0, 0], dilations = [1, 1] } = attributes;
  if (shape.length !== 4) throw new RangeError(`${who}: expected an input [n, c, h, w], got ${shapeText(shape)}`);
  const axes = windowAxes(`${who}: `, shape.slice(1), { kernel, strides, pads, dilations });
  checkPoolPads(`${who}: `, axes);
  return axes;
}

/** Shape of a pool's output. */
function outputShape(who: string, x: Tensor, attributes: MaxPoolAttributes): number[] {
  const sizes = axesOf(who, x, attributes).map((axis) => outputSize(axis, attributes.ceilMode));
  return [x.shape[0]!, x.shape[1]!, ...sizes];
}

/**
 * Geometry for the kernels: [n·c, h, w, h′, w′, kh, kw, strideH, strideW, padT, padL, padB, padR, dilH, dilW], where y is
 * [n, c, h′, w′].
 */
export function poolGeometry(
  x: Pick<Tensor, "shape">,
  y: Pick<Tensor, "shape">,
  attributes: MaxPoolAttributes,
): number[] {
  const axes = axesOf("pool", x, attributes).map(clampWindow);
  const both = (name: keyof WindowAxis): number[] => axes.map((axis) => axis[name]);
  const window = (["kernel", "stride", "before", "after", "dilation"] as const).flatMap(both);
  const [n, c, h, w] = x.shape as [number, number, number, number];
  return [n * c, h, w, y.shape[2]!, y.shape[3]!, ...window];
}

const separated = (...shape: number[]): ExampleInput => ({ shape, values: "separated" });

/** The operation of {@link maxPool2d}. */
export const maxPool2dOp = defineOp<One, MaxPoolAttributes>({
  name: "maxPool2d",
  shape: ([x], attributes) => outputShape("maxPool2d", x, attributes),
  saved: ([x], attributes) => [outputShape("maxPool2d", x, attributes)],
  forward: ([x], attributes, y, [positions]) =>
    wasm().maxPool(x.ptr, y.ptr, positions?.ptr ?? 0, poolGeometry(x, y, attributes)),
  vjp: [
    (dy, { inputs: [x], output, attributes, saved: [positions] }) => {
      const dx = empty(x.shape);
      wasm().maxPoolGradient(dy.ptr, positions!.ptr, dx.ptr, poolGeometry(x, output, attributes));
      return dx;
    },
  ],
  keeps: [],
  examples: [
    { inputs: [separated(2, 1, 4, 18)], attributes: { kernel: [2, 2], strides: [2, 2] } },
    { inputs: [separated(1, 2, 5, 11)], attributes: { kernel: [2, 2], strides: [2, 2] } },
    { inputs: [separated(1, 2, 7, 5)], attributes: { kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] } },
    { inputs: [separated(1, 1, 7, 8)], attributes: { kernel: [3, 2], dilations: [2, 3], ceilMode: true } },
    { inputs: [separated(1, 1, 5, 5)], attributes: { kernel: [2, 2], strides: [2, 2], ceilMode: true } },
  ],
});

/** The operation of {@link avgPool2d}. */
export const avgPool2dOp = defineOp<One, AveragePoolAttributes>({
  name: "avgPool2d",
  shape: ([x], attributes) => outputShape("avgPool2d", x, attributes),
  forward: ([x], attributes, y) =>
    wasm().averagePool(x.ptr, y.ptr, poolGeometry(x, y, attributes), attributes.countIncludePad ?? false),
  vjp: [
    (dy, { inputs: [x], output, attributes }) => {
      const dx = empty(x.shape);
      wasm().averagePoolGradient(
        dy.ptr,
        dx.ptr,
        poolGeometry(x, output, attributes),
        attributes.countIncludePad ?? false,
      );
      return dx;
    },
  ],
  keeps: [],
  examples: [
    { inputs: [{ shape: [2, 3, 4, 6] }], attributes: { kernel: [2, 2], strides: [2, 2] } },
    { inputs: [{ shape: [1, 2, 5, 7] }], attributes: { kernel: [3, 3], strides: [2, 1], pads: [1, 1, 1, 1] } },
    { inputs: [{ shape: [1, 2, 5, 7] }], attributes: { kernel: [3, 3], pads: [1, 0, 2, 1], countIncludePad: true } },
    {
      inputs: [{ shape: [1, 1, 5, 5] }],
      attributes: { kernel: [2, 2], strides: [2, 2], pads: [1, 1, 0, 0], ceilMode: true, countIncludePad: true },
    },
  ],
});

/** Attributes of {@link adaptiveAvgPool2d}. */
export interface AdaptivePoolAttributes {
  /** Output size [height, width]. */
  readonly size: readonly [number, number];
}

/** The operation of {@link adaptiveAvgPool2d}. */
export const adaptiveAvgPool2dOp = defineOp<One, AdaptivePoolAttributes>({
  name: "adaptiveAvgPool2d",
  shape: ([x], { size }) => {
    if (x.shape.length !== 4)
      throw new RangeError(`adaptiveAvgPool2d: expected an input [n, c, h, w], got ${shapeText(x.shape)}`);
    if (!size.every((v) => Number.isInteger(v) && v > 0) || x.shape[2] === 0 || x.shape[3] === 0) {
      throw new RangeError(
        `adaptiveAvgPool2d: expected sizes ≥ 1, got an output size ${shapeText(size)} for an input ${shapeText(x.shape)}`,
      );
    }
    return [x.shape[0]!, x.shape[1]!, ...size];
  },
  forward: ([x], { size }, y) => {
    const [n, c, h, w] = x.shape as [number, number, number, number];
    wasm().adaptivePool(x.ptr, y.ptr, n * c, h, w, ...(size as [number, number]));
  },
  vjp: [
    (dy, { inputs: [x], attributes: { size } }) => {
      const [n, c, h, w] = x.shape as [number, number, number, number];
      const dx = empty(x.shape);
      wasm().adaptivePoolGradient(dy.ptr, dx.ptr, n * c, h, w, ...(size as [number, number]));
      return dx;
    },
  ],
  keeps: [],
  examples: [
    { inputs: [{ shape: [2, 3, 5, 7] }], attributes: { size: [1, 1] } },
    { inputs: [{ shape: [1, 2, 5, 7] }], attributes: { size: [3, 2] } },
    { inputs: [{ shape: [1, 2, 3, 2] }], attributes: { size: [4, 4] } },
  ],
});

/**
 * Maximum of each window; padding is ignored. The gradient goes to the first maximum of a window.
 *
 * @param x  [n, c, h, w].
 * @throws {RangeError} when the window doesn't fit the input, or could cover padding only.
 */
export function maxPool2d(x: Tensor, attributes: MaxPoolAttributes): Tensor {
  return maxPool2dOp(x, attributes);
}

/**
 * Mean of each window.
 *
 * @param x  [n, c, h, w].
 * @throws {RangeError} when the window doesn't fit the input, or could cover padding only.
 */
export function avgPool2d(x: Tensor, attributes: AveragePoolAttributes): Tensor {
  return avgPool2dOp(x, attributes);
}

/**
 * Mean of size[0] × size[1] nearly equal parts of each plane. With s parts along an axis of size h, part i covers the positions from
 * ⌊i·h/s⌋ to below ⌈(i + 1)·h/s⌉.
 *
 * @param x  [n, c, h, w], h and w ≥ 1.
 * @throws {RangeError} when x isn't of this shape, or a size isn't a whole number ≥ 1.
 */
export function adaptiveAvgPool2d(x: Tensor, attributes: AdaptivePoolAttributes): Tensor {
  return adaptiveAvgPool2dOp(x, attributes);
}

/** Mean of each plane: [n, c, h, w] → [n, c, 1, 1]. */
export function globalAvgPool(x: Tensor): Tensor {
  return adaptiveAvgPool2dOp(x, { size: [1, 1] });
}
