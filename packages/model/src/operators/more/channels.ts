import * as ops from "@neft/tensor";
import { int, ints, real } from "../../attribute-kinds.js";
import { deformableConvolutionMap } from "../../maps/deformable-convolution.js";
import { convolutionWindow } from "../convolution-shape.js";
import { likeFloat } from "../infer.js";
import { defineOperator, float, integersOf } from "../operator.js";
import { product } from "../product.js";
import { convolved, failMixed, firstInputPosition } from "../tracks.js";
import { checkRank, checkShape } from "./vectors.js";

/** y = x/(bias + alpha/size·Σ x²)^beta, with the sum over a window of channels. x: [N, C, …]. */
export const lrn = defineOperator({
  name: "LRN",
  since: 1,
  inputs: [1, 1],
  attributes: {
    alpha: real({ default: 1e-4 }),
    beta: real({ default: 0.75 }),
    bias: real({ default: 1 }),
    size: int({ required: true, min: 1 }),
  },
  traits: { tail: true },
  track: (call) => {
    const position = firstInputPosition(call);
    return position.axis === 1 ? failMixed() : position;
  },
  infer: (inputs) => {
    checkRank(inputs[0], 2);
    return likeFloat(inputs);
  },
  run: ([x], attributes) => [ops.lrn(x, attributes)],
  integers: null,
});

/** Adds columns of blocks to their places in an image. x: [N, C·block size, blocks]. */
export const col2Im = defineOperator({
  name: "Col2Im",
  since: 18,
  inputs: [3, 3],
  attributes: { dilations: ints({ min: 1 }), pads: ints({ min: 0 }), strides: ints({ min: 1 }) },
  traits: {},
  limits: "float input",
  track: convolved,
  infer: ([x], _, call) => {
    const [image, block] = [integersOf(call, 1)!, integersOf(call, 2)!];
    const channels = (float(x).shape[1] ?? 0) / ops.sizeOf(block);
    if (x.shape.length !== 3 || !Number.isInteger(channels) || image.length !== block.length)
      throw new RangeError(
        `expected an input [N, C·${ops.sizeOf(block)}, blocks] and as many sizes of blocks as of images, got [${x.shape.join(", ")}], [${block.join(", ")}] and [${image.join(", ")}]`,
      );
    return [{ dtype: "f32", shape: [x.shape[0]!, channels, ...image] }];
  },
  run: ([x], { dilations, pads, strides }, call) => [
    ops.col2im(x, {
      image: integersOf(call, 1)!,
      block: integersOf(call, 2)!,
      ...(dilations && { dilations }),
      ...(pads && { pads }),
      ...(strides && { strides }),
    }),
  ],
  integers: null,
});

/**
 * Convolution whose windows read x at places of their own. Inputs: x [N, C, H, W], w [O, C/group, KH, KW], offset [N,
 * offset_group·KH·KW·2, H′, W′], bias [O], mask [N, offset_group·KH·KW, H′, W′].
 */
export const deformConv = defineOperator({
  name: "DeformConv",
  since: 19,
  inputs: [3, 5],
  attributes: {
    dilations: ints({ min: 1 }),
    group: int({ default: 1, min: 1 }),
    kernel_shape: ints({ min: 1 }),
    offset_group: int({ default: 1, min: 1 }),
    pads: ints({ min: 0 }),
    strides: ints({ min: 1 }),
  },
  traits: {
    products: {
      operands: [1],
      uses: (shapeOf) => {
        const weight = shapeOf(1);
        if (weight === undefined) return [];
        return [{ input: 1, layout: "conv", outputs: weight[0]!, inputs: ops.sizeOf(weight.slice(1)) }];
      },
    },
    parameters: [1, 3],
    cost: ([, weight = []]) => ops.sizeOf(weight.slice(1)),
  },
  limits: "two spatial axes",
  track: ({ positions: [x, w, offset, bias, mask] }) => {
    const held = [x, offset, mask].filter((position) => position !== undefined);
    const isRows = held.every(({ axis, outer, inner }) => axis === 0 && outer * inner === 1);
    return w === undefined && bias === undefined && isRows ? held[0]! : failMixed();
  },
  infer: ([x, w, offset, bias, mask], attributes) => {
    float(x);
    float(w, 1);
    const { output, kernel } = convolutionWindow(x, w, attributes, 2);
    if (x.shape.length !== 4) throw new RangeError(`expected an input of rank 4, got [${x.shape.join(", ")}]`);
    const taps = attributes.offset_group * ops.sizeOf(kernel);
    checkShape(offset, 2, [x.shape[0]!, 2 * taps, ...output]);
    checkShape(bias, 3, [w.shape[0]!]);
    checkShape(mask, 4, [x.shape[0]!, taps, ...output]);
    return [{ dtype: "f32", shape: [x.shape[0]!, w.shape[0]!, ...output] }];
  },
  run: ([x, w, offset, bias, mask], attributes, call) => {
    const { strides, dilations, pads } = convolutionWindow(x, w, attributes, 2);
    const map = deformableConvolutionMap({
      strides: strides as [number, number],
      dilations: dilations as [number, number],
      pads: pads as unknown as [number, number, number, number],
      groups: attributes.group,
      offsetGroups: attributes.offset_group,
      offset,
      mask,
    });
    return [product(call, { weight: 1, input: x, map, epilogue: { bias } })];
  },
  integers: null,
});

/** Places maxima where a max pool found them. Inputs: x, their positions, the shape of the result. */
export const maxUnpool = defineOperator({
  name: "MaxUnpool",
  since: 9,
  inputs: [2, 3],
  attributes: {
    kernel_shape: ints({ required: true, min: 1 }),
    pads: ints({ min: 0 }),
    strides: ints({ min: 1 }),
  },
  traits: {},
  // Positions count the elements of the whole batch.
  track: failMixed,
  infer: ([x], { kernel_shape: kernel, pads, strides }, call) => {
    const given = integersOf(call, 2);
    const rank = float(x).shape.length - 2;
    if (kernel.length !== rank)
      throw new RangeError(`kernel_shape: expected ${rank} sizes, got [${kernel.join(", ")}]`);
    const sizes = kernel.map(
      (size, i) => (x.shape[2 + i]! - 1) * (strides?.[i] ?? 1) + size - (pads?.[i] ?? 0) - (pads?.[rank + i] ?? 0),
    );
    return [{ dtype: "f32", shape: given ?? [...x.shape.slice(0, 2), ...sizes] }];
  },
  run: ([x, indices], { kernel_shape: kernel, pads, strides }, call) => [
    ops.maxUnpool(x, indices, {
      kernel,
      ...(pads && { pads }),
      ...(strides && { strides }),
      shape: integersOf(call, 2),
    }),
  ],
  integers: null,
});
