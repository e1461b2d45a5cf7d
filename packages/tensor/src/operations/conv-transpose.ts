import { type ConvShape, call, wasm } from "@neft/kernels";
import { defineOp, type ExampleCall } from "../operation.js";
import { shapeText } from "../shape.js";
import { empty, type Tensor } from "../tensor.js";
import { clampWindow, windowAxes } from "../window.js";
import { type Variation, withVariation } from "./variation.js";

/** Attributes of {@link convTranspose2dOp}. */
export interface ConvTranspose2dAttributes {
  /** [vertical, horizontal], in pixels of the output. */
  readonly strides: readonly [number, number];
  /** [top, left, bottom, right]: pixels to remove from the output. */
  readonly pads: readonly [number, number, number, number];
  /** [vertical, horizontal]. */
  readonly dilations: readonly [number, number];
  readonly groups: number;
  /** [bottom, right]: pixels to add to the output, less than the stride. */
  readonly outputPadding: readonly [number, number];
  readonly variation?: Variation | undefined;
}

type Inputs = [x: Tensor, w: Tensor];

/** Shape of the output. @throws {RangeError} when shapes or attributes don't match. */
function outputShape([x, w]: Inputs, attributes: ConvTranspose2dAttributes): number[] {
  const { strides, pads, dilations, groups, outputPadding } = attributes;
  if (x.shape.length !== 4 || w.shape.length !== 4 || w.shape[0] !== x.shape[1] || w.shape.includes(0)) {
    throw new RangeError(
      `convTranspose: expected x [n, c, ..] and W [c, out/groups, ..], got ${shapeText(x.shape)} and ${shapeText(w.shape)}`,
    );
  }
  if (!(Number.isInteger(groups) && groups > 0 && w.shape[0]! % groups === 0)) {
    throw new RangeError(
      `convTranspose: expected a number of groups that divides ${w.shape[0]} channels, got ${groups}`,
    );
  }
  if (!outputPadding.every((size, i) => Number.isInteger(size) && size >= 0 && size < strides[i]!)) {
    throw new RangeError(
      `convTranspose: expected an output padding ≥ 0 and less than the strides ${shapeText(strides)}, got ${shapeText(outputPadding)}`,
    );
  }
  const sizes = [0, 1].map((i) => {
    const extent = dilations[i]! * (w.shape[2 + i]! - 1) + 1;
    return (x.shape[2 + i]! - 1) * strides[i]! + extent + outputPadding[i]! - pads[i]! - pads[2 + i]!;
  });
  if (!sizes.every((size) => size >= 1)) {
    throw new RangeError(`convTranspose: expected pads that leave an output, got sizes ${shapeText(sizes)}`);
  }
  const shape = [x.shape[0]!, w.shape[1]! * groups, ...sizes];
  windowAxes("convTranspose: ", shape.slice(1), { kernel: w.shape.slice(2), strides, pads, dilations });
  return shape;
}

/** Geometry of the convolution whose gradient by its input this is: from y to x. */
function geometry([x, w]: Inputs, attributes: ConvTranspose2dAttributes): ConvShape {
  const { strides, pads, dilations, groups } = attributes;
  const [batch, channels, height, width] = outputShape([x, w], attributes) as [number, number, number, number];
  const axes = windowAxes("convTranspose: ", [channels, height, width], {
    kernel: w.shape.slice(2),
    strides,
    pads,
    dilations,
  });
  const [down, across] = axes.map(clampWindow);
  return {
    batch,
    channels,
    height,
    width,
    outputs: x.shape[1]!,
    kernelHeight: down!.kernel,
    kernelWidth: across!.kernel,
    strides: [down!.stride, across!.stride],
    pads: [down!.before, across!.before, down!.after, across!.after],
    dilations: [down!.dilation, across!.dilation],
    groups,
  };
}

const one: Variation = { sMax: 2, sigma: { kind: "uniform", sigma: 0.1 }, key: 81n, perSample: false };
const plain: ConvTranspose2dAttributes = {
  strides: [1, 1],
  pads: [0, 0, 0, 0],
  dilations: [1, 1],
  groups: 1,
  outputPadding: [0, 0],
};

function example(
  x: number[],
  w: number[],
  attributes: Partial<ConvTranspose2dAttributes>,
): ExampleCall<ConvTranspose2dAttributes> {
  return { inputs: [{ shape: x }, { shape: w }], attributes: { ...plain, ...attributes } };
}

/**
 * The 2-D transposed convolution without a bias: the gradient of a convolution by its input, computed by its kernels. W is used as stored,
 * so a variation draws the same ΔW as for any product with it.
 */
export const convTranspose2dOp = defineOp<Inputs, ConvTranspose2dAttributes>({
  name: "convTranspose2d",
  shape: outputShape,
  forward: ([x, w], attributes, y) => {
    const shape = geometry([x, w], attributes);
    withVariation("convTranspose", attributes.variation, (variation) => {
      wasm().convBackwardInput(call.convBackwardInput({ dy: x.ptr, w: w.ptr, dx: y.ptr, shape, variation }));
    });
  },
  vjp: [
    (dy, { inputs: [x, w], attributes }) => {
      const dx = empty(x.shape);
      const shape = geometry([x, w], attributes);
      const plain = { bias: 0, positions: 0, rectified: false, pooled: false };
      withVariation("convTranspose", attributes.variation, (variation) => {
        wasm().convForward(call.convForward({ ...plain, x: dy.ptr, w: w.ptr, y: dx.ptr, shape, variation }));
      });
      return dx;
    },
    (dy, { inputs: [x, w], attributes }) => {
      const dw = empty(w.shape);
      const fields = call.convBackwardWeight({ x: dy.ptr, dw: dw.ptr, shape: geometry([x, w], attributes) });
      wasm().convBackwardWeight(fields, Uint32Array.of(x.ptr), new Uint32Array(0));
      return dw;
    },
  ],
  keeps: [0, 1],
  examples: [
    example([2, 3, 3, 4], [3, 2, 3, 3], {}),
    example([1, 4, 3, 2], [4, 3, 2, 3], { groups: 2, strides: [2, 3], pads: [1, 0, 0, 2], outputPadding: [1, 2] }),
    example([2, 2, 4, 3], [2, 1, 3, 2], { groups: 2, dilations: [2, 1], strides: [1, 2] }),
    example([2, 3, 3, 3], [3, 2, 2, 2], { strides: [2, 2], variation: one }),
    example([3, 2, 2, 3], [2, 4, 3, 3], { pads: [1, 1, 1, 1], variation: { ...one, perSample: true } }),
  ],
});
